import { expect, test } from 'vitest'
import { codeOf } from '../testing.ts'
import { DEFAULT_COST, SecretHasher } from './password-hash.ts'

test('the default cost: the text carries it, the right secret fits, in either form of its letters, and no other', async () => {
  const hasher = new SecretHasher()
  const hash = await hasher.hash('caf\u00e9 at noon')
  expect(hash.split('$').slice(0, 4)).toEqual(['scrypt', String(DEFAULT_COST.N), '8', '1'])
  expect(await hasher.verify('caf\u00e9 at noon', hash)).toBe(true)
  expect(await hasher.verify('cafe\u0301 at noon', hash)).toBe(true)
  expect(await hasher.verify('cafe at noon', hash)).toBe(false)
  expect(await hasher.verify('', hash)).toBe(false)
  expect(await hasher.hash('caf\u00e9 at noon')).not.toBe(hash)
})

test('a hash of an older, cheaper cost still fits', async () => {
  const hash = await new SecretHasher({ N: 16, r: 1, p: 1 }).hash('old password')
  expect(await new SecretHasher({ N: 32, r: 2, p: 1 }).verify('old password', hash)).toBe(true)
})

test('nothing to compare with is false, for the cost of a comparison', async () => {
  const hasher = new SecretHasher({ N: 2 ** 14, r: 8, p: 1 })
  const hash = await hasher.hash('password')
  const time = async (against: string | null): Promise<number> => {
    const startedAt = performance.now()
    for (let n = 0; n < 8; n++) expect(await hasher.verify('another', against)).toBe(false)
    return performance.now() - startedAt
  }
  await time(hash)
  const [known, unknown] = [await time(hash), await time(null)]
  expect(unknown / known).toBeGreaterThan(0.3)
  expect(unknown / known).toBeLessThan(3)
})

test('a crowd is refused instead of taking all memory, and those in the queue are served', async () => {
  const hasher = new SecretHasher({ N: 2 ** 12, r: 8, p: 1 })
  const outcomes = await Promise.all(Array.from({ length: 200 }, () => codeOf(() => hasher.hash('password'))))
  expect(outcomes.filter((code) => code === 'none')).toHaveLength(66)
  expect(outcomes.filter((code) => code === 'rate-limited')).toHaveLength(134)
  expect(await codeOf(() => hasher.hash('password'))).toBe('none')
})
