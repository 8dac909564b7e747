import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto'

/** Crockford's letters: no I, L, O or U, so that a code can be read out and typed. */
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** A code for people to copy, five bits a letter: `7KQF-0M3X-...`. */
export function makeLetterCode(groups: number, groupLength = 4): string {
  const letters = [...randomBytes(groups * groupLength)].map((byte) => LETTERS[byte & 31])
  return Array.from({ length: groups }, (_, index) =>
    letters.slice(index * groupLength, (index + 1) * groupLength).join(''),
  ).join('-')
}

/** How a person may have typed it: any case, any dashes and spaces, O for 0, I or L for 1. */
export function normalizeLetterCode(text: string): string {
  return text.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1')
}

/** 8 digits, the first ones may be 0. */
export function makeDigitCode(): string {
  return String(randomInt(100_000_000)).padStart(8, '0')
}

/** 256 bits for machines. */
export function makeSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** For secrets with enough bits of their own; passwords and PINs take password-hash.ts. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

/** Compares in constant time; hashed first, so that the lengths are equal too. */
export function isSameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(createHash('sha256').update(given).digest(), createHash('sha256').update(expected).digest())
}
