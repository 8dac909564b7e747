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

test('strangers leave half of the queue to the tills, which go first; one place has eight places in it', async () => {
  const hasher = new SecretHasher({ N: 2 ** 12, r: 8, p: 1 })
  const hash = await hasher.hash('password')
  const order: string[] = []
  const ask = (place: string, isStranger: boolean): Promise<string> =>
    codeOf(async () => {
      await hasher.verify('a guess', hash, { place, isStranger })
      order.push(isStranger ? 'stranger' : 'till')
    })
  const one = Array.from({ length: 20 }, () => ask('address 10.0.0.1', true))
  const strangers = Array.from({ length: 60 }, (_, n) => ask(`address 10.0.1.${n}`, true))
  const tills = Array.from({ length: 40 }, (_, n) => ask(`device ${n}`, false))
  const served = async (asked: Promise<string>[]): Promise<number> =>
    (await Promise.all(asked)).filter((code) => code === 'none').length
  expect([await served(one), await served(strangers), await served(tills)]).toEqual([2 + 8, 24, 32])
  // Two strangers were running when the tills came; of two that run at once either may end first, and by far.
  expect(order).toHaveLength(66)
  expect(order.slice(0, 40).filter((who) => who === 'till').length).toBeGreaterThan(24)
})
