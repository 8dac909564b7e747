import type { Configuration } from 'openid-client'
import { HOUR_MS } from '../../../src-shared/durations.ts'
import { AppError } from '../../../src-shared/errors.ts'
import { type Clock, elapsedMs } from '../../lib/clock.ts'
import type { PersonRow } from '../../store/sqlite/access-tables.ts'
import type { People } from '../people/people.ts'
import { makeSecret } from '../people/secret-codes.ts'
import type { RoleCatalogue } from '../role-catalogue.ts'
import type { OidcSettings, OidcSettingsStore } from './oidc-settings.ts'

type Library = typeof import('openid-client')

/** What was asked of the provider, until the browser comes back. */
interface Flow {
  verifier: string
  state: string
  nonce: string
  redirectUri: string
  returnTo: string
  /** Where it was begun. */
  origin: string
  /** By the clock that nobody sets. */
  endsAt: number
}

interface OidcParts {
  store: OidcSettingsStore
  people: People
  roles: RoleCatalogue
  clock: Clock
}

export const FLOW_MS = 10 * 60_000
/** Whoever begins more than these only loses their own oldest ones. */
const MAX_FLOWS_OF_ORIGIN = 20
const MAX_FLOWS = 500
const TIMEOUT_SECONDS = 10
const DISCOVERED_MS = HOUR_MS
const MAX_CLAIM = 256

let loading: Promise<Library> | undefined
/** Loaded at the first use: most branches have no provider. */
function loadLibrary(): Promise<Library> {
  loading ??= import('openid-client')
  return loading
}

/**
 * Signs managers in at the OpenID provider of their company: Authorization Code with PKCE, state and nonce.
 *
 *     browser ──start──> here ──303──> provider ──303 with a code──> callback here ──code──> provider
 *                                                                        └── the ID token names the person
 *
 * The browser keeps the id of the flow in a cookie, so that nobody can end at another's browser what they began at theirs.
 */
export class OidcSignIn {
  readonly #parts: OidcParts
  readonly #flows = new Map<string, Flow>()
  #discovered: { for: OidcSettings; at: number; configuration: Promise<Configuration> } | undefined

  constructor(parts: OidcParts) {
    this.#parts = parts
  }

  /** What the button says; undefined where no provider is set up. */
  get label(): string | undefined {
    return this.#parts.store.find()?.label
  }

  find(): OidcSettings | undefined {
    return this.#parts.store.find()
  }

  /**
   * Looks the provider up first, so that a mistake is told where it is made.
   *
   * @param confirm - Asked once the provider was found, which takes its time; throws when the caller may not any more.
   * @throws AppError `sign-in-unavailable`, `role-not-found`, `person-not-found`, `invalid-request`.
   */
  async configure(settings: OidcSettings, confirm: () => void): Promise<void> {
    const { people, roles, store } = this.#parts
    if (settings.newPersonRole !== null && roles.permissionsOf(settings.newPersonRole) === undefined) {
      throw new AppError('role-not-found', 'There is no such role.', { details: { role: settings.newPersonRole } })
    }
    for (const user of Object.values(settings.people)) {
      if (!people.findByLogin(user)) {
        throw new AppError('person-not-found', 'There is no such person.', { details: { user: user.slice(0, 64) } })
      }
    }
    const known = store.find()
    const isSameClient = known?.issuer === settings.issuer && known.clientId === settings.clientId
    const removed = known?.removed?.filter((value) => known.issuer === settings.issuer && !settings.people[value])
    const clientSecret = settings.clientSecret ?? (isSameClient ? known.clientSecret : undefined)
    const next = { ...settings, clientSecret, removed }
    await discover(next)
    confirm()
    store.save(next)
    this.#discovered = undefined
  }

  remove(): void {
    this.#parts.store.remove()
    this.#discovered = undefined
    this.#flows.clear()
  }

  /**
   * @param redirectUri - Of our callback, as the provider knows it.
   * @param returnTo - Path of ours where the browser goes afterwards.
   * @param origin - Whose the flow is: an address, of IPv6 the network.
   * @returns Where to send the browser, and the id of the flow for its cookie.
   * @throws AppError `not-found` without a provider, `sign-in-unavailable`.
   */
  async start(redirectUri: string, returnTo: string, origin: string): Promise<{ url: string; flowId: string }> {
    const library = await loadLibrary()
    const configuration = await this.#configuration()
    const now = elapsedMs(this.#parts.clock)
    this.#makeRoom(now, origin)
    const flowId = makeSecret()
    const verifier = library.randomPKCECodeVerifier()
    const [state, nonce] = [library.randomState(), library.randomNonce()]
    this.#flows.set(flowId, { verifier, state, nonce, redirectUri, returnTo, origin, endsAt: now + FLOW_MS })
    const url = library.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: 'openid email profile',
      code_challenge: await library.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...{ state, nonce },
    })
    return { url: url.href, flowId }
  }

  /**
   * @param flowId - Of the browser's cookie; each is good once.
   * @param search - What the provider appended to our callback.
   * @throws AppError `sign-in-failed` for everything that does not prove a manager of ours, `sign-in-unavailable`,
   *   `not-found`.
   */
  async finish(flowId: string, search: string): Promise<{ person: PersonRow; returnTo: string }> {
    const flow = this.#flows.get(flowId)
    this.#flows.delete(flowId)
    if (!flow || flow.endsAt <= elapsedMs(this.#parts.clock)) {
      throw failed('The sign-in was not begun in this browser, or took more than ten minutes.')
    }
    const library = await loadLibrary()
    const configuration = await this.#configuration()
    const { verifier, state, nonce, redirectUri, returnTo } = flow
    const tokens = await library
      .authorizationCodeGrant(configuration, new URL(`${redirectUri}?${search}`), {
        pkceCodeVerifier: verifier,
        expectedState: state,
        expectedNonce: nonce,
        idTokenExpected: true,
      })
      .catch((error: unknown) => {
        throw isUnreachable(error) ? unavailable(error) : failed('The provider did not sign you in.', error)
      })
    return { person: await this.#personOf(tokens.claims() ?? {}), returnTo }
  }

  async #personOf(claims: Readonly<Record<string, unknown>>): Promise<PersonRow> {
    const { people, roles, store } = this.#parts
    const settings = store.find()
    if (!settings) throw notSetUp()
    const value = claims[settings.claim]
    const isVerified = settings.claim !== 'email' || claims.email_verified === true
    if (typeof value !== 'string' || value === '' || value.length > MAX_CLAIM || !isVerified) {
      throw failed('The provider does not vouch for who you are.')
    }
    const user = Object.hasOwn(settings.people, value) ? settings.people[value] : undefined
    const person = user === undefined ? await this.#make(settings, value) : people.findByLogin(user)
    const words = person && !person.isDisabled ? (roles.permissionsOf(person.roleId) ?? []) : []
    if (person && words.some((word) => word === '*' || word.startsWith('manage:'))) return person
    throw failed('Nobody of this branch who manages something belongs to this account.')
  }

  /** Only where that was chosen, and never somebody who is here already: a name of the provider's is no proof. */
  async #make(settings: OidcSettings, value: string): Promise<PersonRow | undefined> {
    const { people, store } = this.#parts
    if (settings.newPersonRole === null || wasRemoved(settings, value)) return undefined
    if (people.findByLogin(value)) return undefined
    const person = await people.add({ user: value, role: settings.newPersonRole })
    store.save({ ...settings, people: { ...settings.people, [value]: person.name } })
    return person
  }

  /** After somebody was removed: whoever gets the name later is somebody else, and who had it is not made anew. */
  forgetRemoved(): void {
    const { people, store } = this.#parts
    const settings = store.find()
    if (!settings) return
    const entries = Object.entries(settings.people)
    const gone = entries.filter(([, user]) => !people.findByLogin(user)).map(([value]) => value)
    if (gone.length === 0) return
    const kept = Object.fromEntries(entries.filter(([value]) => !gone.includes(value)))
    store.save({ ...settings, people: kept, removed: [...(settings.removed ?? []), ...gone] })
  }

  #configuration(): Promise<Configuration> {
    const settings = this.#parts.store.find()
    if (!settings) throw notSetUp()
    const now = elapsedMs(this.#parts.clock)
    const known = this.#discovered
    if (known?.for === settings && now - known.at < DISCOVERED_MS) return known.configuration
    const configuration = discover(settings)
    this.#discovered = { for: settings, at: now, configuration }
    configuration.catch(() => {
      this.#discovered = undefined
    })
    return configuration
  }

  /** For one more flow of the origin. */
  #makeRoom(now: number, origin: string): void {
    const idsByOrigin = new Map<string, string[]>()
    for (const [id, flow] of this.#flows) {
      if (flow.endsAt <= now) this.#flows.delete(id)
      else idsByOrigin.set(flow.origin, [...(idsByOrigin.get(flow.origin) ?? []), id])
    }
    const own = idsByOrigin.get(origin) ?? []
    if (own.length >= MAX_FLOWS_OF_ORIGIN) this.#flows.delete(own[0]!)
    if (this.#flows.size < MAX_FLOWS) return
    // Somebody with many addresses: who has begun most gives way.
    const [most] = [...idsByOrigin.values()].sort((left, right) => right.length - left.length)
    this.#flows.delete(most![0]!)
  }
}

/** Providers spell addresses now like this, now like that. */
function wasRemoved({ removed = [] }: OidcSettings, value: string): boolean {
  return removed.some((known) => known.toLowerCase() === value.toLowerCase())
}

/** @throws AppError `sign-in-unavailable`, `invalid-request` for an issuer by http that is not on this machine. */
async function discover({ issuer, clientId, clientSecret }: OidcSettings): Promise<Configuration> {
  const library = await loadLibrary()
  const server = new URL(issuer)
  const isLocal = ['127.0.0.1', 'localhost', '[::1]'].includes(server.hostname)
  if (server.protocol !== 'https:' && !isLocal) {
    throw new AppError('invalid-request', 'The provider must be reached by https.')
  }
  const execute = [
    // The ID token's own signature is checked too, not only the connection that it came by.
    library.enableNonRepudiationChecks,
    ...(server.protocol === 'https:' ? [] : [library.allowInsecureRequests]),
  ]
  try {
    const options = { execute, timeout: TIMEOUT_SECONDS }
    const found = await library.discovery(server, clientId, undefined, library.None(), options)
    if (clientSecret === undefined) return found
    const { token_endpoint_auth_methods_supported: methods } = found.serverMetadata()
    const isPost = methods?.includes('client_secret_post') && !methods.includes('client_secret_basic')
    const proof = isPost ? library.ClientSecretPost(clientSecret) : library.ClientSecretBasic(clientSecret)
    return await library.discovery(server, clientId, undefined, proof, options)
  } catch (error) {
    throw unavailable(error)
  }
}

/** No connection, no answer in time, or an answer that is none of a provider. */
function isUnreachable(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return (error instanceof TypeError && error.message === 'fetch failed') || code === 'OAUTH_TIMEOUT'
}

function unavailable(cause: unknown): AppError {
  return new AppError('sign-in-unavailable', 'The provider of the sign-in cannot be reached.', {
    cause,
    hint: 'Sign in with the password; it needs no internet.',
  })
}

function failed(message: string, cause?: unknown): AppError {
  return new AppError('sign-in-failed', message, { cause })
}

function notSetUp(): AppError {
  return new AppError('not-found', 'No provider is set up for signing in.')
}
