import { fromBase64Url, hmacSha256, sha256, toBase64Url, toHex } from '../../src-shared/signing/sha256.ts'
import {
  formatSignature,
  frameTextToSign,
  SIGNATURE_HEADER,
  type SignedParts,
  SOCKET_METHOD,
  socketKeyText,
  textToSign,
} from '../../src-shared/signing/signed-text.ts'
import type { SocketLike } from '../lib/platform.ts'

/** What the pairing gave the device, and in whose name it signs. */
export interface DeviceKey {
  /** `device.id` of the pairing, or the `sessionId` of somebody who signed in on the device. */
  signer: string
  /** `signingKey` of the pairing. */
  key: string
}

/** Signs for one device. What the server says about its run and its clock is kept for the next signature. */
export interface Signer {
  /** The value of the header `Mishkah-Signature`. @param body - Exactly as it is sent; empty without one. */
  sign(method: string, target: string, body?: string): string
  /** Takes the `details` of a refusal. False when they tell nothing new: signing again would not help. */
  learn(details: unknown): boolean
  /** The same signer for somebody else, such as after a sign-in. */
  as(signer: string): Signer
  /** The key of a socket that this signature opened. */
  socketKey(signature: string): Uint8Array
}

const encoder = new TextEncoder()
/** The server refuses it and tells the right one. */
const UNKNOWN_INSTANCE = 'unknown-instance'
const LEARNT_SKEW_MS = 1_000

/**
 * A signer for a page that came by plain http, where browsers keep `crypto.subtle` away.
 *
 * @throws RangeError for a key that is not base64url.
 */
export function createSigner(device: DeviceKey, now: () => number = Date.now): Signer {
  const key = fromBase64Url(device.key)
  const terms = { instanceId: UNKNOWN_INSTANCE, skewMs: 0 }

  const signerOf = (signer: string): Signer => ({
    sign(method, target, body = '') {
      const parts: SignedParts = {
        ...{ method, target, signer, instanceId: terms.instanceId },
        timeMs: Math.round(now() + terms.skewMs),
        nonce: toBase64Url(crypto.getRandomValues(new Uint8Array(18))),
        bodyHash: toHex(sha256(encoder.encode(body))),
      }
      return formatSignature(parts, macOf(key, textToSign(parts)))
    },
    learn(details) {
      const told = details as { instanceId?: unknown; now?: unknown } | undefined
      if (typeof told?.instanceId !== 'string' || typeof told.now !== 'number') return false
      const skewMs = told.now - now()
      const isNew = told.instanceId !== terms.instanceId || Math.abs(skewMs - terms.skewMs) > LEARNT_SKEW_MS
      Object.assign(terms, { instanceId: told.instanceId, skewMs })
      return isNew
    },
    as: signerOf,
    socketKey: (signature) =>
      hmacSha256(key, encoder.encode(socketKeyText(signature.slice(signature.lastIndexOf(';') + 1)))),
  })
  return signerOf(device.signer)
}

function macOf(key: Uint8Array, text: string): string {
  return toBase64Url(hmacSha256(key, encoder.encode(text)))
}

export interface SignedRequest {
  method?: string
  /** JSON text. */
  body?: string
  headers?: Record<string, string>
}

/** `fetch` that signs, and signs anew once when the server was started again or the clock of the device is wrong. */
export function signedFetch(signer: Signer, send: typeof fetch = fetch) {
  return async (url: string, { method = 'GET', body, headers }: SignedRequest = {}): Promise<Response> => {
    const { pathname, search } = new URL(url, globalThis.location?.href)
    const ask = (): Promise<Response> =>
      send(url, {
        method,
        cache: 'no-store',
        // A cookie beside the signature would be on the air for nothing.
        credentials: 'omit',
        headers: {
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
          ...headers,
          [SIGNATURE_HEADER]: signer.sign(method, `${pathname}${search}`, body),
        },
        ...(body !== undefined && { body }),
      })
    const answer = await ask()
    if (answer.status !== 401) return answer
    const refusal = (await answer
      .clone()
      .json()
      .catch(() => undefined)) as { details?: unknown } | undefined
    return signer.learn(refusal?.details) ? await ask() : answer
  }
}

/** Closed by the server, come again: RFC 6455, 7.4.1 and the registry of close codes. */
const SERVICE_RESTART = 1012

/**
 * A socket whose first message is the signature and whose later ones each carry a MAC. When the server was started again
 * since, or the clock is wrong, its refusal is learnt and the socket closes as after a restart, so that its owner opens
 * another.
 */
export function signSocket(socket: SocketLike, url: string, signer: Signer): SocketLike {
  const { pathname, search } = new URL(url)
  let key: Uint8Array | undefined
  let count = 0
  let hasLearnt = false
  const signed: SocketLike = {
    onopen: null,
    onmessage: null,
    onclose: null,
    onerror: null,
    send(frame) {
      if (typeof frame !== 'string' || !key) throw new TypeError('a signed socket carries text, once it is open')
      socket.send(`${macOf(key, frameTextToSign(++count, frame))}.${frame}`)
    },
    close: (code, reason) => socket.close(code, reason),
  }
  const self = signed as unknown as WebSocket
  socket.onopen = (event) => {
    const signature = signer.sign(SOCKET_METHOD, `${pathname}${search}`)
    key = signer.socketKey(signature)
    socket.send(signature)
    signed.onopen?.call(self, event)
  }
  socket.onmessage = (event) => {
    hasLearnt ||= isLearnt(signer, event.data)
    if (!hasLearnt) signed.onmessage?.call(self, event)
  }
  socket.onerror = (event) => signed.onerror?.call(self, event)
  socket.onclose = (event) => {
    const told = hasLearnt ? new CloseEvent('close', { code: SERVICE_RESTART, reason: 'signed-anew' }) : event
    signed.onclose?.call(self, told)
  }
  return signed
}

/** True when the frame refuses the signature and says what to sign instead. */
function isLearnt(signer: Signer, data: unknown): boolean {
  if (typeof data !== 'string' || !/"error":"(signature-invalid|clock-wrong)"/.test(data)) return false
  return signer.learn((JSON.parse(data) as { details?: unknown }).details)
}
