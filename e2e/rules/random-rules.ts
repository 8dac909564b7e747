import type { Json, Thing } from './reference.ts'

/** Numbers from 0 to 1 that a seed repeats (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Fields that a table has, by what they hold; those of `any` may hold anything, or be missing. */
export interface Fields {
  text: readonly string[]
  number: readonly string[]
  any: readonly string[]
}

const TEXTS = [
  '',
  'a',
  'A',
  'ab',
  'b',
  'é',
  '5',
  '1',
  'open',
  'o"p',
  "it's",
  '😀',
  '\ue000',
  'u1',
  'dar',
  'line\nbreak',
  '%',
  '\\',
]
const NUMBERS = [0, 1, 2, 5, -1, 0.5, 5.5, 1000, -0.25]

export function pick<T>(random: () => number, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)]!
}

export function randomValue(random: () => number, depth = 0): Json {
  const kind = random()
  if (kind < 0.35) return pick(random, TEXTS)
  if (kind < 0.6) return pick(random, NUMBERS)
  if (kind < 0.7) return random() < 0.5
  if (kind < 0.8 || depth > 1) return null
  if (kind < 0.92) return Array.from({ length: Math.floor(random() * 4) }, () => randomValue(random, depth + 1))
  return { a: randomValue(random, depth + 1), ...(random() < 0.5 && { b: randomValue(random, depth + 1) }) }
}

export function randomRecord(random: () => number, fields: Fields): Thing {
  const record: Thing = {}
  for (const name of fields.text) if (random() < 0.8) record[name] = random() < 0.15 ? null : pick(random, TEXTS)
  for (const name of fields.number) {
    if (random() < 0.8) record[name] = random() < 0.15 ? null : pick(random, [0, 1, 2, 5, -1, 1000])
  }
  for (const name of fields.any) if (random() < 0.7) record[name] = randomValue(random)
  return record
}

/** A rule about reading, in any of the spellings that the language has. */
export function randomRule(random: () => number, fields: Fields, depth = 0): string {
  const kind = random()
  if (depth < 4 && kind < 0.22) {
    const sign = pick(random, [' and ', ' or ', ' && ', ' || '])
    const parts = Array.from(
      { length: 2 + Math.floor(random() * 2) },
      () => `(${randomRule(random, fields, depth + 1)})`,
    )
    return parts.join(sign)
  }
  if (depth < 4 && kind < 0.32) return `${pick(random, ['not ', '!', '! '])}(${randomRule(random, fields, depth + 1)})`
  if (kind < 0.36)
    return pick(random, ['true', 'false', path(random, fields.number), `size(${path(random, fields.any)})`])
  if (kind < 0.42) return `${operand(random, fields, pick(random, ['text', 'number']))} in ${path(random, fields.any)}`
  const type = pick(random, ['text', 'number'] as const)
  if (kind < 0.6) {
    const items = Array.from({ length: Math.floor(random() * 4) }, () =>
      pick(random, [literal(random, type), literal(random, type), 'null', path(random, fields[type])]),
    )
    return `${operand(random, fields, type)} ${pick(random, ['in', 'not in'])} [${items.join(', ')}]`
  }
  const isEquality = random() < 0.6
  const sign = isEquality ? pick(random, ['==', '!=']) : pick(random, ['<', '<=', '>', '>='])
  const right = isEquality && random() < 0.15 ? 'null' : operand(random, fields, type)
  const left = operand(random, fields, type)
  return random() < 0.5 || right === 'null' ? `${left} ${sign} ${right}` : `${right} ${sign} ${left}`
}

type Type = 'text' | 'number'

function operand(random: () => number, fields: Fields, type: Type): string {
  const kind = random()
  if (kind < 0.4) return path(random, fields[type])
  if (kind < 0.65) return path(random, fields.any)
  if (kind < 0.8) return literal(random, type)
  if (type === 'number') return `size(${path(random, [...fields.any, ...fields.text])})`
  if (kind < 0.9) return `lower(${path(random, [...fields.any, ...fields.text])})`
  return pick(random, ['auth.uid', 'auth.role', 'auth.branch', 'auth.device', 'request.action', 'request.table'])
}

function path(random: () => number, names: readonly string[]): string {
  return `record.${pick(random, names)}`
}

function literal(random: () => number, type: Type): string {
  if (type === 'number') return pick(random, [...NUMBERS.map(String), 'true', 'false', '1e3'])
  const text = pick(random, TEXTS)
  const escaped = text.replace(/[\\'"]/g, '\\$&').replaceAll('\n', '\\n')
  return random() < 0.5 ? `'${escaped}'` : `"${escaped}"`
}
