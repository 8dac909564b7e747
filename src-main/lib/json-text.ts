import type { JsonObject, JsonValue } from '../../src-shared/json.ts'

/**
 * Whether two JSON values say the same: the order of keys does not matter, the order of a list does. Only own keys
 * count, so a key such as `__proto__` is an ordinary one.
 */
export function isSameJson(left: JsonValue | undefined, right: JsonValue | undefined): boolean {
  if (left === right) return true
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false
  if (Array.isArray(left)) {
    if (!Array.isArray(right) || left.length !== right.length) return false
    return left.every((item, index) => isSameJson(item, right[index]))
  }
  if (Array.isArray(right)) return false
  const keys = Object.keys(left)
  if (keys.length !== Object.keys(right).length) return false
  return keys.every((key) => Object.hasOwn(right, key) && isSameJson(left[key], right[key]))
}

/** A deep copy that shares nothing with the original. A key `__proto__` is left out: no copy can change a prototype. */
export function copyJson(value: JsonValue): JsonValue {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(copyJson)
  const copy: JsonObject = {}
  for (const key of Object.keys(value)) {
    if (key !== '__proto__') copy[key] = copyJson(value[key]!)
  }
  return copy
}

/** Whether a JSON text, which may be invalid, nests lists and objects deeper than `limit`; found without parsing it. */
export function isNestedDeeper(text: string, limit: number): boolean {
  // Native search is many times faster than looking at each character, and few texts open more than they may nest.
  if (countUpTo(text, '{', limit) + countUpTo(text, '[', limit) <= limit) return false
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) {
      at = endOfString(text, at)
    } else if (code === 0x5b || code === 0x7b) {
      if (++depth > limit) return true
    } else if (code === 0x5d || code === 0x7d) {
      depth--
    }
  }
  return false
}

/** Stops counting above `limit`. */
function countUpTo(text: string, character: string, limit: number): number {
  let count = 0
  for (let at = text.indexOf(character); at >= 0 && count <= limit; at = text.indexOf(character, at + 1)) count++
  return count
}

/** Index of the quote that closes the string opened at `start`, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x5c) at++
    else if (code === 0x22) return at
  }
  return text.length
}

/**
 * The list or object that a text holds as JSON; undefined when it holds none, or one nested deeper than `maxDepth`.
 * Texts of scalars ("5", "true", "null") are left alone: they are texts.
 */
export function parseJsonContainer(text: string, maxDepth: number): JsonValue[] | JsonObject | undefined {
  const start = text.trimStart().charCodeAt(0)
  if ((start !== 0x5b && start !== 0x7b) || isNestedDeeper(text, maxDepth)) return undefined
  try {
    return JSON.parse(text) as JsonValue[] | JsonObject
  } catch {
    return undefined
  }
}

const MAX_QUOTED = 1_000
const quotedNames = new Map<string, string>()

/** A name as JSON text, remembered: of branches, modules, tables and fields, which are few and come with every write. */
export function quoteName(name: string): string {
  let text = quotedNames.get(name)
  if (text === undefined) {
    text = JSON.stringify(name)
    if (quotedNames.size >= MAX_QUOTED) quotedNames.clear()
    quotedNames.set(name, text)
  }
  return text
}

/** Nothing in it needs an escape. */
const PLAIN_ASCII = /^[ !#-[\]-~]*$/

/** `JSON.stringify` of a text, in half the time for ids and keys, which hardly ever hold what must be escaped. */
export function quoteText(text: string): string {
  return PLAIN_ASCII.test(text) ? `"${text}"` : JSON.stringify(text)
}
