/**
 * Seeded random numbers: the same seeds give the same numbers on every machine.
 * Not for secrets. Source: xoshiro128** by D. Blackman and S. Vigna, state filled by a 32-bit mixer.
 */
export class Random {
  readonly #state = new Uint32Array(4)

  /** @param seeds - Any integers; each combination is a stream of its own. */
  constructor(...seeds: number[]) {
    let mixed = 0x9e3779b9
    for (const seed of seeds) mixed = mix(mixed ^ (seed >>> 0))
    for (let index = 0; index < 4; index++) {
      mixed = mix((mixed + 0x9e3779b9) >>> 0)
      this.#state[index] = mixed
    }
    this.#state[0]! |= 1 // the state must not be all zero
  }

  /** An integer from 0 to 2^32 - 1. */
  next(): number {
    const state = this.#state
    const result = Math.imul(rotateLeft(Math.imul(state[1]!, 5), 7), 9) >>> 0
    const shifted = state[1]! << 9
    state[2]! ^= state[0]!
    state[3]! ^= state[1]!
    state[1]! ^= state[2]!
    state[0]! ^= state[3]!
    state[2]! ^= shifted
    state[3] = rotateLeft(state[3]!, 11)
    return result
  }

  /** From 0 up to, not including, 1. */
  fraction(): number {
    return this.next() / 0x1_0000_0000
  }

  /** An integer from `min` to `max`, both included. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.fraction() * (max - min + 1))
  }

  /** True with this probability, 0 to 1. */
  chance(probability: number): boolean {
    return this.fraction() < probability
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new Error('Nothing to pick from.')
    return list[this.integer(0, list.length - 1)]!
  }

  /** One of a list that is not empty, by weights of the same length. */
  pickWeighted<T>(list: readonly T[], weights: readonly number[]): T {
    let total = 0
    for (const weight of weights) total += weight
    let left = this.fraction() * total
    for (let index = 0; index < list.length; index++) {
      left -= weights[index] ?? 0
      if (left < 0) return list[index]!
    }
    return this.pick(list)
  }

  /** A record id of the form that the server gives, `<prefix>-<uuid v7>`, from a time and this stream. */
  recordId(prefix: string, timeMs: number): string {
    const time = timeMs.toString(16).padStart(12, '0')
    const [a, b, c] = [this.next(), this.next(), this.next()]
    const version = (0x7000 | (a & 0xfff)).toString(16)
    const variant = (0x8000 | ((a >>> 12) & 0x3fff)).toString(16)
    const tail = b.toString(16).padStart(8, '0') + (c & 0xffff).toString(16).padStart(4, '0')
    return `${prefix}-${time.slice(0, 8)}-${time.slice(8)}-${version}-${variant}-${tail}`
  }
}

function rotateLeft(value: number, bits: number): number {
  return ((value << bits) | (value >>> (32 - bits))) >>> 0
}

function mix(value: number): number {
  let mixed = value >>> 0
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b) >>> 0
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35) >>> 0
  return (mixed ^ (mixed >>> 16)) >>> 0
}
