import type { AccessState, PairedDevice, PersonChoice, SignedInPerson } from './access-state.ts'
import { stateOf } from './access-state.ts'
import {
  type AttachableStore,
  type DeviceSessionEvents,
  type DeviceSessionOptions,
  SessionCore,
} from './session-core.ts'

export type { AttachableStore, DeviceSessionEvents, DeviceSessionOptions } from './session-core.ts'

/** Who a device is and who stands at it, kept over reloads and shared by the tabs of a browser. */
export interface DeviceSession {
  readonly state: AccessState
  /** False: this browser keeps nothing, the device has to be paired again after a reload. */
  readonly isDurable: boolean
  /** Reads what the device has kept; asks no server. Everything else waits for it by itself. */
  open(): Promise<AccessState>
  /** @returns What removes the listener. */
  on<Name extends keyof DeviceSessionEvents>(
    name: Name,
    listener: (told: DeviceSessionEvents[Name]) => void,
  ): () => void
  /**
   * Pairs the device: at once with the secret of a QR code, after somebody's approval with the 8 digits.
   *
   * @param name - What the device is called when the manager gave it no name.
   * @throws StoreError `pairing-refused`, `sign-in-locked`, `https-required`, `offline`.
   */
  pair(shown: { secret: string } | { code: string }, name?: string): Promise<PairedDevice>
  /** A manager approves the waiting device on it. @throws StoreError `sign-in-failed`, `sign-in-locked`, `forbidden` ... */
  approve(manager: { user: string; pin: string }): Promise<PairedDevice>
  /** Does not wait for the approval any longer. */
  cancelPairing(): Promise<void>
  /** Who has a PIN and may work on this device. @throws StoreError `device-required`, `offline`. */
  listPeople(): Promise<PersonChoice[]>
  /** @throws StoreError `sign-in-failed`, `sign-in-locked` with `details.retryAfterSeconds`, `device-required`, `offline`. */
  signIn(who: { user: string; pin: string } | { user: string; password: string }): Promise<SignedInPerson>
  /** Ends the person's session; the device stays paired. Works without the server too, which then hears nothing of it. */
  signOut(): Promise<void>
  /**
   * For `createStore({ getToken })`: of the person, else of the device; renewed two minutes before it ends.
   *
   * @throws StoreError `unauthorized` when there is nobody, the server's code when the session is over, `offline`.
   */
  getToken(): Promise<string>
  /** `fetch` with the token. @param path - Begins with a slash. */
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** Asks the server whether the sessions still stand; call it when a token was refused. Never rejects. */
  check(): Promise<AccessState>
  /** Checks when the store's token is refused, and gives it the token of whoever signs in. @returns What ends that. */
  attach(store: AttachableStore): () => void
  close(): void
}

/**
 * Makes the session of this device. One for a page; the tabs of a browser share what it keeps.
 *
 * ```js
 * const session = createDeviceSession()
 * await session.open()
 * if (session.state.kind === 'unpaired') await session.pair({ secret: pairingSecretOf(scanned) })
 * await session.signIn({ user: 'sara', pin: '4711' })
 * const store = createStore({ branchId: 'dar', getToken: session.getToken })
 * session.attach(store)
 * ```
 */
export function createDeviceSession(options: DeviceSessionOptions = {}): DeviceSession {
  const core = new SessionCore(options)
  return {
    get state() {
      return stateOf(core.kept)
    },
    get isDurable() {
      return core.isDurable
    },
    open: () => core.open(),
    on: (name, listener) => core.emitter.on(name, listener),
    pair: (shown, name) => core.pair(shown, name),
    approve: (manager) => core.approve(manager),
    cancelPairing: () => core.change(({ claim: _claim, ...rest }) => rest),
    listPeople: () => core.listPeople(),
    signIn: (who) => core.signIn(who),
    signOut: () => core.signOut(),
    getToken: () => core.getToken(),
    fetch: (path, init) => core.fetch(path, init),
    check: () => core.check(),
    attach: (store) => core.attach(store),
    close: () => core.close(),
  }
}
