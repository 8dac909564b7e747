import { createHash, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'

/** A small OpenID provider: discovery, keys, authorization code with PKCE, ID tokens. One user, who always agrees. */
export interface OidcProvider {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** Claims of the user about to sign in. */
  claims: JWTPayload
  /** What it does wrong. */
  fault: OidcFault
  /** Everything is answered once this is kept. */
  answersAfter: Promise<unknown>
  /** How often each endpoint was asked. */
  readonly asked: Map<string, number>
  close(): Promise<void>
}

export type OidcFault =
  | 'none'
  | 'unsigned'
  | 'foreign-key'
  | 'symmetric'
  | 'other-nonce'
  | 'other-audience'
  | 'other-issuer'
  | 'expired'
  | 'no-id-token'
  | 'denied'
  | 'down'

interface Code {
  challenge: string
  redirectUri: string
  nonce: string | null
}

export async function startOidcProvider(): Promise<OidcProvider> {
  const { publicKey, privateKey } = await generateKeyPair('RS256')
  const foreign = await generateKeyPair('RS256')
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }
  const codes = new Map<string, Code>()
  const asked = new Map<string, number>()
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.writeHead(500).end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider: OidcProvider = {
    issuer,
    clientId: 'branch',
    clientSecret: `secret-${randomUUID()}`,
    claims: { sub: 'user-1' },
    fault: 'none',
    answersAfter: Promise.resolve(),
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', issuer)
    asked.set(url.pathname, (asked.get(url.pathname) ?? 0) + 1)
    await provider.answersAfter
    if (provider.fault === 'down') return void response.destroy()
    switch (url.pathname) {
      case '/.well-known/openid-configuration':
        return json(response, 200, {
          issuer,
          authorization_endpoint: `${issuer}/authorize`,
          token_endpoint: `${issuer}/token`,
          jwks_uri: `${issuer}/keys`,
          response_types_supported: ['code'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['RS256'],
          token_endpoint_auth_methods_supported: ['client_secret_basic'],
          code_challenge_methods_supported: ['S256'],
        })
      case '/keys':
        return json(response, 200, { keys: [jwk] })
      case '/authorize':
        return authorize(url.searchParams, response)
      case '/token':
        return await token(await readForm(request), request.headers.authorization, response)
      default:
        return json(response, 404, {})
    }
  }

  function authorize(asking: URLSearchParams, response: ServerResponse): void {
    const redirectUri = asking.get('redirect_uri') ?? ''
    const challenge = asking.get('code_challenge') ?? ''
    const isRight =
      asking.get('client_id') === provider.clientId &&
      asking.get('response_type') === 'code' &&
      asking.get('code_challenge_method') === 'S256' &&
      asking.get('scope')?.split(' ').includes('openid') &&
      challenge.length === 43
    if (!isRight) {
      json(response, 400, { error: 'invalid_request' })
      return
    }
    const back = new URL(redirectUri)
    back.searchParams.set('state', asking.get('state') ?? '')
    if (provider.fault === 'denied') back.searchParams.set('error', 'access_denied')
    else {
      const code = randomUUID()
      codes.set(code, { challenge, redirectUri, nonce: asking.get('nonce') })
      back.searchParams.set('code', code)
    }
    response.writeHead(303, { Location: back.href }).end()
  }

  async function token(form: URLSearchParams, proof: string | undefined, response: ServerResponse): Promise<void> {
    if (!isOurClient(proof)) return json(response, 401, { error: 'invalid_client' })
    const code = codes.get(form.get('code') ?? '')
    codes.delete(form.get('code') ?? '')
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url')
    if (!code || code.challenge !== challenge || code.redirectUri !== form.get('redirect_uri')) {
      return json(response, 400, { error: 'invalid_grant' })
    }
    const grant = { access_token: randomUUID(), token_type: 'Bearer', expires_in: 60 }
    if (provider.fault === 'no-id-token') return json(response, 200, grant)
    json(response, 200, { ...grant, id_token: await idToken(code.nonce) })
  }

  /** RFC 6749, 2.3.1: both parts are form-encoded. */
  function isOurClient(proof = ''): boolean {
    const parts = Buffer.from(proof.replace(/^Basic /, ''), 'base64')
      .toString()
      .split(':')
      .map(decodeURIComponent)
    return parts.length === 2 && parts[0] === provider.clientId && parts[1] === provider.clientSecret
  }

  async function idToken(nonce: string | null): Promise<string> {
    const { fault } = provider
    const now = Math.floor(Date.now() / 1000)
    const claims: JWTPayload = {
      ...provider.claims,
      iss: fault === 'other-issuer' ? 'https://evil.example' : issuer,
      aud: fault === 'other-audience' ? 'another-client' : provider.clientId,
      iat: now,
      exp: fault === 'expired' ? now - 3_600 : now + 60,
      nonce: fault === 'other-nonce' ? randomUUID() : nonce,
    }
    if (fault === 'unsigned') return new UnsecuredJWT(claims).encode()
    if (fault === 'symmetric') {
      const key = new TextEncoder().encode(JSON.stringify(jwk).padEnd(64))
      return await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'one' }).sign(key)
    }
    const key = fault === 'foreign-key' ? foreign.privateKey : privateKey
    return await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'one' }).sign(key)
  }

  return provider
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return new URLSearchParams(Buffer.concat(chunks).toString())
}
