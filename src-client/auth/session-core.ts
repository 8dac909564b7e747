import type { JsonObject } from '../../src-shared/json.ts'
import { browserPlatform } from '../lib/browser-platform.ts'
import { Emitter } from '../lib/emitter.ts'
import { makeUuid } from '../lib/ids.ts'
import type { Platform, TabChannel } from '../lib/platform.ts'
import { StoreError } from '../lib/store-error.ts'
import { createMemoryStorage } from '../storage/memory-storage.ts'
import type { ClientStorage } from '../storage/storage.ts'
import { AccessApi } from './access-api.ts'
import {
  type AccessState,
  type Grant,
  type Kept,
  type PairedDevice,
  type PersonChoice,
  type SignedInPerson,
  stateOf,
} from './access-state.ts'
import { TabTurns } from './tab-turns.ts'

export interface DeviceSessionOptions {
  /** Address of the server, for pages of another origin: `https://192.168.1.10:3201`. */
  url?: string
  /** Name of the database in the browser; `mishkah-access` when absent. */
  storageName?: string
  /** Surroundings for tests. */
  platform?: Platform
  fetch?: typeof fetch
}

export interface DeviceSessionEvents {
  change: AccessState
  /** The session of the person is over, with the server's code; not after `signOut()`. */
  'signed-out': { code: string }
  /** The device has to be paired again. */
  revoked: { device: PairedDevice }
}

/** The part of a store that `attach` needs. */
export interface AttachableStore {
  on(name: 'signed-out', listener: (told: { code: string }) => void): () => void
  setToken(token: string): void
}

type Holder = 'device' | 'person'

const KEY = 'access'
/** The server asks for another token a minute before the end of the old one. */
const RENEW_AHEAD_MS = 120_000
const POLL_MS = 2_000
/** What a refresh is answered with when the session is gone for good. */
const ENDED: ReadonlySet<string> = new Set(['session-ended', 'refresh-reused', 'token-invalid'])
/** The token may merely be old. */
const REFUSED: ReadonlySet<string> = new Set(['session-ended', 'token-invalid', 'token-expired', 'unauthorized'])

/** What `createDeviceSession` gives: what is kept, who may change it when, and what the server says about it. */
export class SessionCore {
  readonly emitter = new Emitter<DeviceSessionEvents>()
  kept: Kept = {}
  isDurable = false
  readonly #platform: Platform
  readonly #api: AccessApi
  readonly #name: string
  readonly #turns: TabTurns
  #opened: Promise<ClientStorage> | undefined
  #channel: TabChannel | undefined
  #isClosed = false

  constructor({
    url,
    storageName = 'mishkah-access',
    platform = browserPlatform(),
    fetch: send,
  }: DeviceSessionOptions) {
    this.#platform = platform
    this.#name = url === undefined ? storageName : `${storageName}/${url}`
    const base = (url ?? platform.origin ?? '').replace(/\/+$/, '')
    this.#api = new AccessApi(base, send ?? ((input, init) => fetch(input, init)))
    this.#turns = new TabTurns(platform, this.#name)
  }

  async open(): Promise<AccessState> {
    await this.#open()
    return stateOf(this.kept)
  }

  async pair(shown: { secret: string } | { code: string }, name?: string): Promise<PairedDevice> {
    await this.#open()
    const answer = await this.#api.ask('/api/pair', { body: { ...shown, ...(name && { name }) } })
    if (answer.state === 'paired') return this.#notePaired(answer)
    const claim = { claim: String(answer.claim), expiresAt: String(answer.expiresAt) }
    await this.change(() => ({ claim }))
    return this.#awaitApproval()
  }

  async approve({ user, pin }: { user: string; pin: string }): Promise<PairedDevice> {
    await this.#open()
    const claim = this.kept.claim?.claim ?? ''
    return this.#notePaired(await this.#api.ask('/api/auth/approve-device', { body: { claim, user, pin } }))
  }

  async listPeople(): Promise<PersonChoice[]> {
    const answer = await this.#asDevice((token) => this.#api.ask('/api/auth/people', { token }))
    return answer.people as unknown as PersonChoice[]
  }

  async signIn(who: { user: string; pin: string } | { user: string; password: string }): Promise<SignedInPerson> {
    await this.#open()
    const answer = await this.#asDevice((token) => this.#api.ask('/api/auth/login', { body: who, token }))
    const { id, user, name, role } = answer.user as unknown as SignedInPerson
    const facts = { id, user, name, role, permissions: answer.permissions as string[] }
    const before = this.kept.person
    await this.change((kept) => ({ ...kept, person: { ...this.#grantOf(answer), facts } }))
    if (before) await this.#endSession(before)
    return facts
  }

  async signOut(): Promise<void> {
    await this.#open()
    const { person } = this.kept
    await this.change(({ person: _person, ...rest }) => rest)
    if (person) await this.#endSession(person)
  }

  async getToken(): Promise<string> {
    await this.#open()
    return this.#freshToken(this.kept.person ? 'person' : 'device')
  }

  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const token = await this.getToken()
    const answer = await this.#api.send(path, token, init)
    if (answer.status !== 401) return answer
    await this.check()
    return this.#api.send(path, await this.getToken(), init)
  }

  async check(): Promise<AccessState> {
    await this.#open()
    for (const holder of ['person', 'device'] as const) {
      const refused = this.kept[holder]?.accessToken
      if (refused === undefined) continue
      try {
        await this.#freshToken(holder, refused)
        break // a person's session stands only while the device's does
      } catch (error) {
        if (!isOneOf(ENDED, error)) break
      }
    }
    return stateOf(this.kept)
  }

  attach(store: AttachableStore): () => void {
    let shown = JSON.stringify(stateOf(this.kept))
    const stops = [
      store.on('signed-out', () => void this.check()),
      this.emitter.on('change', (state) => {
        const next = JSON.stringify(state)
        if (next === shown) return
        shown = next
        if (!this.kept.person && !this.kept.device) return
        this.getToken().then(
          (token) => store.setToken(token),
          () => undefined,
        )
      }),
    ]
    return () => {
      for (const stop of stops) stop()
    }
  }

  close(): void {
    this.#isClosed = true
    this.#channel?.close()
    void this.#opened?.then((storage) => storage.close())
  }

  /** Changes what is kept, in this tab's turn and from what the other tabs have made of it. */
  async change(make: (kept: Kept) => Kept): Promise<void> {
    await this.#inTurn(() => this.#keep(make(this.kept)))
  }

  #open(): Promise<ClientStorage> {
    this.#opened ??= this.#openStorage()
    return this.#opened
  }

  async #openStorage(): Promise<ClientStorage> {
    const storage = await this.#platform.openStorage(this.#name).catch(() => createMemoryStorage())
    this.isDurable = storage.isDurable
    this.kept = await readKept(storage)
    this.#channel = this.#platform.openChannel(this.#name, () => void this.#readAgain(storage))
    if (this.kept.claim) queueMicrotask(() => this.#awaitApproval().catch(() => undefined))
    return storage
  }

  async #readAgain(storage: ClientStorage): Promise<void> {
    this.#show(await readKept(storage))
  }

  #show(kept: Kept): void {
    const before = this.kept
    this.kept = kept
    const [old, state] = [stateOf(before), stateOf(kept)]
    if (JSON.stringify(old) === JSON.stringify(state)) return
    this.emitter.emit('change', state)
    if (state.kind === 'revoked') this.emitter.emit('revoked', { device: state.device })
  }

  async #keep(kept: Kept): Promise<void> {
    const storage = await this.#open()
    // A full disk must not end the session: it then lasts as long as the page.
    await storage.apply([{ kind: 'put', area: 'values', key: KEY, value: kept }]).catch(() => undefined)
    this.#show(kept)
    this.#channel?.post('changed')
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const storage = await this.#open()
    return this.#turns.run(storage, async () => {
      const kept = await readKept(storage).catch(() => this.kept)
      // Whoever wiped the site's data did not mean to pair the open page again.
      if (Object.keys(kept).length > 0) this.#show(kept)
      return work()
    })
  }

  #grantOf(answer: JsonObject): Grant {
    return {
      accessToken: String(answer.accessToken),
      refreshToken: String(answer.refreshToken),
      expiresAt: this.#platform.now() + Number(answer.expiresIn) * 1_000,
      requestId: makeUuid(this.#platform),
    }
  }

  async #notePaired(answer: JsonObject): Promise<PairedDevice> {
    const device = this.#deviceOf(answer)
    await this.change(() => ({ device }))
    return device.facts
  }

  #deviceOf(answer: JsonObject): NonNullable<Kept['device']> {
    const { id, name, role, branches } = answer.device as unknown as PairedDevice
    return { ...this.#grantOf(answer), facts: { id, name, role, branches } }
  }

  async #awaitApproval(): Promise<PairedDevice> {
    for (;;) {
      await new Promise<void>((resolve) => this.#platform.setTimeout(resolve, POLL_MS))
      if (this.#isClosed) throw new StoreError('closed', 'The session was closed.')
      const device = await this.#inTurn(() => this.#collect())
      if (device) return device
    }
  }

  /** Undefined while nobody has decided. */
  async #collect(): Promise<PairedDevice | undefined> {
    const { claim, device } = this.kept
    if (!claim) {
      if (device) return device.facts // approved on this device, or collected by another tab
      throw new StoreError('pairing-refused', 'The pairing was given up.')
    }
    try {
      const answer = await this.#api.ask('/api/pair/collect', { body: { claim: claim.claim } })
      if (answer.state !== 'paired') return undefined
      const paired = this.#deviceOf(answer)
      await this.#keep({ device: paired })
      return paired.facts
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'pairing-refused') return undefined
      await this.#keep({})
      throw error
    }
  }

  /** @param refused - A token that the server does not take. */
  async #freshToken(holder: Holder, refused?: string): Promise<string> {
    const isGood = (grant: Grant | undefined): grant is Grant =>
      grant !== undefined && grant.accessToken !== refused && grant.expiresAt - this.#platform.now() > RENEW_AHEAD_MS
    const known = this.kept[holder]
    if (isGood(known)) return known.accessToken
    return this.#inTurn(async () => {
      const grant = this.kept[holder]
      if (!grant) throw new StoreError('unauthorized', 'Nobody is signed in and the device is not paired.')
      if (isGood(grant)) return grant.accessToken
      try {
        const next = this.#grantOf(await this.#refresh(grant))
        await this.#keep({ ...this.kept, [holder]: { ...(grant as Grant & { facts: unknown }), ...next } })
        return next.accessToken
      } catch (error) {
        if (isOneOf(ENDED, error)) await this.#noteEnded(holder, (error as StoreError).code)
        throw error
      }
    })
  }

  #refresh({ refreshToken, requestId }: Grant): Promise<JsonObject> {
    return this.#api.ask('/api/auth/refresh', { body: { refreshToken, requestId } })
  }

  async #noteEnded(holder: Holder, code: string): Promise<void> {
    const { device, person, ...rest } = this.kept
    if (holder === 'device') {
      await this.#keep({ revoked: device!.facts })
      return
    }
    await this.#keep({ ...rest, ...(device && { device }) })
    this.emitter.emit('signed-out', { code })
  }

  /** Carries a request out as the device; once more when its token was merely too old. */
  async #asDevice<T>(work: (token: string | undefined) => Promise<T>): Promise<T> {
    await this.#open()
    const token = this.kept.device && (await this.#freshToken('device'))
    try {
      return await work(token)
    } catch (error) {
      if (token === undefined || !isOneOf(REFUSED, error)) throw error
      return work(await this.#freshToken('device', token))
    }
  }

  /** What cannot be told to the server ends there by itself after a day. */
  async #endSession(grant: Grant): Promise<void> {
    try {
      const isOver = grant.expiresAt <= this.#platform.now()
      const token = isOver ? String((await this.#refresh(grant)).accessToken) : grant.accessToken
      await this.#api.ask('/api/auth/logout', { body: {}, token })
    } catch {
      // Not signed in any more, or no server.
    }
  }
}

async function readKept(storage: ClientStorage): Promise<Kept> {
  const kept = await storage.find('values', KEY)
  return typeof kept === 'object' && kept !== null ? kept : {}
}

function isOneOf(codes: ReadonlySet<string>, error: unknown): boolean {
  return error instanceof StoreError && codes.has(error.code)
}
