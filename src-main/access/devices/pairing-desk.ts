import { AppError } from '../../../src-shared/errors.ts'
import { type Clock, elapsedMs } from '../../lib/clock.ts'
import { uuid7 } from '../../lib/uuid7.ts'
import { digest, makeDigitCode, makeSecret } from '../people/secret-codes.ts'

/** How long a code, a secret and a device that waits for approval are good. */
export const PAIRING_MS = 10 * 60_000
const MAX_OPEN = 50

/** What the device will be. */
export interface PairingPlan {
  name: string | null
  roleId: string
  branchIds: readonly string[] | null
  isLegacy: boolean
  /** Name of the manager who made the code. */
  invitedBy: string
}

export interface Pairing extends PairingPlan {
  id: string
  /** Milliseconds since 1970. */
  expiresAt: number
  /** `invited` until a device shows the code or the secret, then `waiting` for approval or `approved`. */
  state: 'invited' | 'waiting' | 'approved'
  /** Name of who approved it. */
  approvedBy: string | null
  /** Where the waiting device is. */
  address: string | null
}

interface OpenPairing extends Pairing {
  codeHash: string
  secretHash: string
  claimHash: string | null
  /** When it ends by the clock that nobody sets. */
  endsAt: number
}

/**
 * Invitations of the last ten minutes. They live in memory: a restart ends them.
 *
 *     invite ──QR secret, 256 bits──────────────────────────> approved ──collect──> a device
 *        └────8 digits──> waiting ──approved in the console──────┘
 *                            └─────a manager's PIN on the device─┘
 *
 * The digits alone let nobody in: they could be guessed, so that a person has to look at who comes. The secret of the QR
 * code cannot be guessed, and only the manager's screen shows it.
 */
export class PairingDesk {
  readonly #clock: Clock
  readonly #open = new Map<string, OpenPairing>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @throws AppError `rate-limited` when 50 are open. */
  invite(plan: PairingPlan): { pairing: Pairing; code: string; secret: string } {
    this.#forgetOld()
    if (this.#open.size >= MAX_OPEN) throw new AppError('rate-limited', 'Too many pairing codes are open.')
    const now = this.#clock.now()
    let code = makeDigitCode()
    while (this.#findBy('codeHash', digest(code))) code = makeDigitCode()
    const secret = makeSecret()
    const pairing: OpenPairing = {
      ...plan,
      id: `pairing-${uuid7(now)}`,
      expiresAt: now + PAIRING_MS,
      state: 'invited',
      approvedBy: null,
      address: null,
      codeHash: digest(code),
      secretHash: digest(secret),
      claimHash: null,
      endsAt: elapsedMs(this.#clock) + PAIRING_MS,
    }
    this.#open.set(pairing.id, pairing)
    return { pairing: toPublic(pairing), code, secret }
  }

  /** Open ones, newest first. */
  list(): Pairing[] {
    this.#forgetOld()
    return [...this.#open.values()].reverse().map(toPublic)
  }

  /**
   * A device shows what it got. Once: the second one is refused like a wrong code.
   *
   * @returns The claim that the device collects its tokens with.
   * @throws AppError `pairing-refused`.
   */
  present(input: { code: string } | { secret: string }, device: { name: string | null; address: string }) {
    this.#forgetOld()
    const isSecret = 'secret' in input
    const hash = digest(isSecret ? input.secret : input.code)
    const pairing = this.#findBy(isSecret ? 'secretHash' : 'codeHash', hash)
    if (pairing?.state !== 'invited') throw refused()
    const claim = makeSecret()
    pairing.claimHash = digest(claim)
    pairing.name ??= device.name
    pairing.address = device.address
    pairing.state = isSecret ? 'approved' : 'waiting'
    pairing.approvedBy = isSecret ? pairing.invitedBy : null
    return { claim, pairing: toPublic(pairing) }
  }

  /** @throws AppError `pairing-refused` for a claim that is not open. */
  findByClaim(claim: string): Pairing {
    this.#forgetOld()
    const pairing = this.#findBy('claimHash', digest(claim))
    if (pairing) return toPublic(pairing)
    throw refused()
  }

  /** @throws AppError `pairing-refused` when it does not wait. */
  approve(id: string, approvedBy: string, change: Partial<PairingPlan> = {}): Pairing {
    this.#forgetOld()
    const pairing = this.#open.get(id)
    if (pairing?.state !== 'waiting') throw refused()
    Object.assign(pairing, change, { state: 'approved', approvedBy })
    return toPublic(pairing)
  }

  /** Takes an invitation or a waiting device away. False when it was gone. */
  withdraw(id: string): boolean {
    return this.#open.delete(id)
  }

  /** The approved pairing, which ends with this. @throws AppError `pairing-refused`. */
  collect(claim: string): Pairing {
    const pairing = this.findByClaim(claim)
    if (pairing.state !== 'approved') throw refused()
    this.#open.delete(pairing.id)
    return pairing
  }

  /** Hashes are compared, whose characters nobody can choose: that needs no constant time. */
  #findBy(member: 'codeHash' | 'secretHash' | 'claimHash', hash: string): OpenPairing | undefined {
    for (const pairing of this.#open.values()) if (pairing[member] === hash) return pairing
    return undefined
  }

  #forgetOld(): void {
    const now = elapsedMs(this.#clock)
    for (const { id, endsAt } of [...this.#open.values()]) if (endsAt <= now) this.#open.delete(id)
  }
}

function refused(): AppError {
  return new AppError('pairing-refused', 'The pairing code is wrong, used or older than ten minutes.')
}

function toPublic(open: OpenPairing): Pairing {
  const { codeHash: _code, secretHash: _secret, claimHash: _claim, endsAt: _end, ...pairing } = open
  return pairing
}
