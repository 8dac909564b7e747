import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import { AppError } from '../../../src-shared/errors.ts'

/** Cost of a hash: scrypt's N, r and p. One takes 128 * N * r bytes. */
export interface HashCost {
  N: number
  r: number
  p: number
}

/** 64 MiB and about a tenth of a second on a small PC. Source: OWASP Password Storage Cheat Sheet, scrypt. */
export const DEFAULT_COST: HashCost = { N: 2 ** 16, r: 8, p: 1 }

const KEY_BYTES = 32
const SALT_BYTES = 16
/** Hashes at once: more would take the threads that the disk needs, and 64 MiB each. */
const MAX_RUNNING = 2
const MAX_WAITING = 64
/** Of them strangers, so that a crowd of them leaves room for the tills, which also go first. */
const MAX_STRANGERS = 32
/** Of one place, so that nobody is the crowd. */
const MAX_OF_ONE_PLACE = 8

/** Who waits for a hash. Whoever is signed in names no place. */
export interface HashGuest {
  /** A device, or an address. */
  place: string
  /** No paired device. */
  isStranger: boolean
}

interface Waiting extends Partial<HashGuest> {
  start(): void
}

/**
 * Hashes passwords and PINs, a few at a time.
 *
 * The texts carry their own cost (`scrypt$N$r$p$salt$key`), so that it can be raised later. scrypt and not argon2id,
 * since the runtime of the desktop app has only the first.
 */
export class SecretHasher {
  readonly #cost: HashCost
  /** Compared with when there is nothing to compare with, so that an unknown name takes as long as a known one. */
  readonly #nobody: string
  #running = 0
  readonly #waiting: Waiting[] = []

  constructor(cost: HashCost = DEFAULT_COST) {
    this.#cost = cost
    this.#nobody = format(cost, randomBytes(SALT_BYTES), randomBytes(KEY_BYTES))
  }

  /** @throws AppError `rate-limited` when too many wait already. */
  async hash(secret: string): Promise<string> {
    const salt = randomBytes(SALT_BYTES)
    return format(this.#cost, salt, await this.#derive(secret, salt, this.#cost))
  }

  /**
   * Whether the secret is the one that was hashed; always false, and as slow, for null.
   *
   * @param guest - Who asks; absent for somebody who is signed in.
   * @throws AppError `rate-limited` when too many wait already.
   */
  async verify(secret: string, hash: string | null, guest?: HashGuest): Promise<boolean> {
    const { cost, salt, key } = parse(hash ?? this.#nobody)
    const derived = await this.#derive(secret, salt, cost, guest)
    return timingSafeEqual(derived, key) && hash !== null
  }

  async #derive(secret: string, salt: Buffer, cost: HashCost, guest?: HashGuest): Promise<Buffer> {
    await this.#enter(guest)
    try {
      return await derive(secret.normalize('NFC'), salt, cost)
    } finally {
      this.#leave()
    }
  }

  async #enter(guest?: HashGuest): Promise<void> {
    this.requireRoom(guest)
    if (this.#running < MAX_RUNNING) {
      this.#running++
      return
    }
    await new Promise<void>((start) => this.#waiting.push({ ...guest, start }))
  }

  /** @throws AppError `rate-limited` when a hash that was asked for in this turn would be refused. */
  requireRoom(guest?: HashGuest): void {
    if (this.#running < MAX_RUNNING || this.#hasRoomFor(guest)) return
    throw new AppError('rate-limited', 'Too many people sign in at once; try again in a moment.')
  }

  #hasRoomFor(guest: HashGuest | undefined): boolean {
    if (this.#waiting.length >= MAX_WAITING) return false
    if (!guest) return true
    if (this.#waiting.filter(({ place }) => place === guest.place).length >= MAX_OF_ONE_PLACE) return false
    return !guest.isStranger || this.#waiting.filter(({ isStranger }) => isStranger).length < MAX_STRANGERS
  }

  /** Whoever is next takes the place that is left; strangers when nobody else waits. */
  #leave(): void {
    const ours = this.#waiting.findIndex(({ isStranger }) => !isStranger)
    const [next] = this.#waiting.splice(Math.max(0, ours), 1)
    if (next) next.start()
    else this.#running--
  }
}

function derive(secret: string, salt: Buffer, { N, r, p }: HashCost): Promise<Buffer> {
  const options: ScryptOptions = { N, r, p, maxmem: 256 * N * r }
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, KEY_BYTES, options, (error, key) => (error ? reject(error) : resolve(key)))
  })
}

function format({ N, r, p }: HashCost, salt: Buffer, key: Buffer): string {
  return ['scrypt', N, r, p, salt.toString('base64url'), key.toString('base64url')].join('$')
}

function parse(hash: string): { cost: HashCost; salt: Buffer; key: Buffer } {
  const [name, N, r, p, salt = '', key = ''] = hash.split('$')
  if (name !== 'scrypt') throw new Error('a hash of an unknown kind')
  return {
    cost: { N: Number(N), r: Number(r), p: Number(p) },
    salt: Buffer.from(salt, 'base64url'),
    key: Buffer.from(key, 'base64url'),
  }
}
