import { randomUUID } from 'node:crypto'
import { SOCKET_METHOD } from '../../../src-shared/signing/signed-text.ts'
import type { Clock } from '../../lib/clock.ts'
import type { SystemDatabase } from '../../store/sqlite/system-database.ts'
import type { Devices } from '../devices/devices.ts'
import type { Principal } from '../principal.ts'
import type { Identity } from '../sign-in/identity.ts'
import type { Sessions } from '../tokens/sessions.ts'
import { createSignatureVerifier, type SignatureVerifier } from './signed-request.ts'
import { SignedFrames, socketKey } from './signed-socket.ts'

interface SignedCallersParts {
  settings: Pick<SystemDatabase, 'findSetting' | 'setSetting'>
  devices: Devices
  sessions: Sessions
  identity: Pick<Identity, 'principalOf'>
  clock: Clock
  /** Of the server's keys: the key of a device, which nobody can compute without them. */
  deviceKey(deviceId: string): Buffer
  /** Until somebody chose in the console. */
  isAllowedAtFirst: boolean
}

export interface SignedCaller {
  principal: Principal
  /** SHA-256 of the body, hex. */
  bodyHash: string
}

const SETTING = 'access.signedHttp'

/**
 * Paired devices that reach the branch by plain http and sign what they send. A signature proves who sent something and
 * that it was not changed; it hides nothing.
 *
 * A device signs in its own name, or in the name of a session of somebody who signed in on it: both with its one key.
 */
export class SignedCallers {
  readonly #parts: SignedCallersParts
  readonly #verifier: SignatureVerifier
  /** Those of signed sockets, so that they end with the setting. */
  readonly #socketPrincipals = new WeakSet<Principal>()
  #isAllowed: boolean

  constructor(parts: SignedCallersParts) {
    this.#parts = parts
    const { clock, settings } = parts
    const chosen = settings.findSetting(SETTING)
    this.#isAllowed = chosen === undefined ? parts.isAllowedAtFirst : chosen === 'on'
    this.#verifier = createSignatureVerifier({
      clock,
      instanceId: randomUUID(),
      findKey: (signer) => this.#findKey(signer),
    })
  }

  get isAllowed(): boolean {
    return this.#isAllowed
  }

  set isAllowed(value: boolean) {
    this.#parts.settings.setSetting(SETTING, value ? 'on' : 'off')
    this.#isAllowed = value
  }

  /** What a device needs to sign: which run of the server this is, and the right time. */
  terms(): { instanceId: string; now: number } {
    return this.#verifier.terms()
  }

  /** The key that the device gets once, with its tokens; base64url. */
  keyFor(deviceId: string): string {
    return this.#parts.deviceKey(deviceId).toString('base64url')
  }

  /** @throws AppError `signature-invalid`, `clock-wrong`, `rate-limited`, `session-ended`. */
  verify(request: { method: string; target: string; signature: string }): SignedCaller {
    const { signer, bodyHash } = this.#verifier.verify(request)
    const session = this.#sessionOf(signer)!
    return { principal: this.#parts.identity.principalOf(session, null), bodyHash }
  }

  /**
   * The first message of a socket is a signature. @param target - Of the upgrade.
   *
   * @throws AppError `signature-invalid`, `clock-wrong`, `rate-limited`, `session-ended`.
   */
  openSocket(target: string, signature: string): { principal: Principal; frames: SignedFrames } {
    const { principal: caller } = this.verify({ method: SOCKET_METHOD, target, signature })
    // A request is over at once; a socket would outlive the session.
    const expiresAt = this.#sessionOf(caller.sessionId!)!.expiresAt
    const principal = { ...caller, expiresAt }
    this.#socketPrincipals.add(principal)
    return { principal, frames: new SignedFrames(socketKey(this.#parts.deviceKey(principal.deviceId!), signature)) }
  }

  isOfSignedSocket(principal: Principal): boolean {
    return this.#socketPrincipals.has(principal)
  }

  #findKey(signer: string): { deviceId: string; key: Buffer } | undefined {
    const deviceId = this.#sessionOf(signer)?.deviceId
    if (deviceId == null || !this.#parts.devices.findActive(deviceId)) return undefined
    return { deviceId, key: this.#parts.deviceKey(deviceId) }
  }

  #sessionOf(signer: string) {
    const { sessions } = this.#parts
    return signer.startsWith('device-') ? sessions.findOfDevice(signer) : sessions.find(signer)
  }
}
