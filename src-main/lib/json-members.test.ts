import { expect, test } from 'vitest'
import { cutMembers } from './json-members.ts'

const NAMES = ['a', 'b', 'a b', 'ü', 'quo"te', 'back\\slash', '', '__proto__', '1', 'nested']

function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state / 2_147_483_648
  }
}

function randomValue(random: () => number, depth = 0): unknown {
  const kind = Math.floor(random() * (depth < 3 ? 7 : 5))
  if (kind === 0) return null
  if (kind === 1) return random() < 0.5
  if (kind === 2) return (random() - 0.5) * 10 ** Math.floor(random() * 30)
  if (kind <= 4)
    return ['', '"', '\\', '\\"', '},{"a":1', '[[', 'tea, "hot"\n', 'شاي', '\u2028'][Math.floor(random() * 9)]
  if (kind === 5) return Array.from({ length: Math.floor(random() * 4) }, () => randomValue(random, depth + 1))
  return randomObject(random, depth + 1)
}

function randomObject(random: () => number, depth = 0): Record<string, unknown> {
  const names = NAMES.filter(() => random() < 0.5).sort(() => random() - 0.5)
  return Object.fromEntries(names.map((name) => [name, randomValue(random, depth)]))
}

test('20,000 random objects: what is cut is what reading and writing would leave out', () => {
  const random = seeded(Number(process.env.MISHKAH_SEED ?? 7))
  for (let round = 0; round < 20_000; round++) {
    const record = randomObject(random)
    const names = new Set(NAMES.filter(() => random() < 0.3))
    const left = Object.fromEntries(Object.entries(record).filter(([name]) => !names.has(name)))
    expect(cutMembers(JSON.stringify(record), names)).toBe(JSON.stringify(left))
  }
})

test('a name that is written with escapes is the same name', () => {
  expect(cutMembers('{"p\\u0069n":1,"id":2}', new Set(['pin']))).toBe('{"id":2}')
})

test.each([
  '',
  '[]',
  '1',
  '{"a":1',
  '{"a" :1}',
  '{"a": 1}',
  '{"a":1} ',
  '{"a":}',
  '{"a":1,}',
  '{a:1}',
  '{"a":[1}',
  '{"a',
])('a text of another form is left to be read: %s', (text) => expect(cutMembers(text, new Set(['x']))).toBeUndefined())
