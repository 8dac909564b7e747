import type { JsonValue } from '../../src-shared/json.ts'
import { StoreError } from '../lib/store-error.ts'

/** Below the server's 1 MiB, with room for a longer version number. */
const MAX_BYTES = 1_048_000
const MAX_DEPTH = 64

/**
 * Refuses at once what the server would answer by closing the socket, or not at all: sent again and again it would hold
 * up everything behind it. Source: docs/sync.md, rule B6.
 *
 * @throws StoreError `body-too-large`, `body-too-deep`.
 */
export function checkFrame(frame: JsonValue): void {
  const text = JSON.stringify(frame)
  // A character takes at most three bytes.
  if (text.length * 3 > MAX_BYTES && new TextEncoder().encode(text).length > MAX_BYTES) {
    throw new StoreError('body-too-large', 'A write may be at most 1 MiB.')
  }
  if (isDeeper(frame, MAX_DEPTH)) throw new StoreError('body-too-deep', `A write may be at most ${MAX_DEPTH} deep.`)
}

function isDeeper(value: JsonValue, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return depth === 0 || Object.values(value).some((member) => isDeeper(member, depth - 1))
}
