import { expect, test } from 'vitest'
import type { Principal } from '../../../src-main/access/principal.ts'
import { parsePolicy } from '../../../src-main/access/rules/policy.ts'
import { Rights } from '../../../src-main/access/rules/rights.ts'
import { Guard } from '../../../src-main/access/view/guard.ts'
import { DECLARED, openShop } from '../../../src-main/store/test-support.ts'
import type { JsonObject } from '../../../src-shared/json.ts'
import { type Fields, randomRecord, randomRule, seeded } from '../../rules/random-rules.ts'
import { prepare, type Thing } from '../../rules/reference.ts'

const RULES = 50_000
const RULES_A_BATCH = 500
const RECORDS_A_BATCH = 20
const SEED = Number(process.env.MISHKAH_SEED ?? 20_260_310)

const FIELDS: Fields = { text: ['t', 'marked'], number: ['n', 'flag'], any: ['x', 'y', 'x.a', 'any'] }
const OWN: Fields = { text: ['t', 'marked'], number: ['n'], any: ['x', 'y', 'any'] }
const schema: JsonObject = {
  name: 'shop',
  schema: {
    name: 'shop',
    tables: [
      {
        name: 'thing',
        fields: [
          { name: 'id', type: 'string', primaryKey: true },
          { name: 't', type: 'string' },
          { name: 'marked', type: 'string', index: true },
          { name: 'n', type: 'integer', index: true },
          { name: 'flag', type: 'boolean' },
        ],
      },
    ],
  },
}
const principal: Principal = {
  ...{ kind: 'person', uid: 'u1', name: 'Sara', deviceId: null, roleId: 'waiter', branchIds: null },
  ...{ permissions: ['read:*', 'write:*'], sessionId: null, expiresAt: null },
}

test('50,000 random rules mean the same in memory, in SQLite and to a second reader of docs/rules.md', async () => {
  const shop = await openShop({ shop: { schema } })
  const module = shop.module()
  const random = seeded(SEED)
  const auth: Thing = { uid: 'u1', role: 'waiter', branch: 'dar', device: null, kind: 'person' }
  const request: Thing = { action: 'read', table: 'thing', module: 'shop' }
  let rules = 0
  let judged = 0
  let held = 0
  while (rules < RULES) {
    const operations = Array.from({ length: RECORDS_A_BATCH }, (_, index) => {
      const record = { ...randomRecord(random, OWN), ...(random() < 0.5 && { flag: random() < 0.5 }), id: `r${index}` }
      return { action: 'insert' as const, table: 'thing', record: record as JsonObject }
    })
    await module.writeAsync({ operations, caller: DECLARED, source: 'test' })
    const texts = module.list('thing', {}).recordTexts
    const records = texts.map((text) => JSON.parse(text) as Thing)
    for (let count = 0; count < RULES_A_BATCH; count++, rules++) {
      const rule = randomRule(random, FIELDS)
      const policy = parsePolicy({ rules: [{ id: 'a', table: 'thing', read: rule }] })
      const guarded = new Guard(new Rights(policy)).moduleFor(principal, module)
      const isHeld = prepare(rule)
      const expected = records.filter((record) => isHeld({ record, auth, request })).map(({ id }) => id)
      const listed = guarded.list('thing', {}).recordTexts.map((text) => (JSON.parse(text) as Thing).id)
      const snapshot = guarded.snapshot().tables[0]!
      const found = snapshot.chunks.flatMap((chunk) => JSON.parse(`[${chunk}]`) as Thing[]).map(({ id }) => id)
      if (String(listed) !== String(expected) || String(found) !== String(expected)) {
        expect({ rule, seed: SEED, records, listed, found }).toEqual({
          rule,
          seed: SEED,
          records,
          listed: expected,
          found: expected,
        })
      }
      judged += records.length
      held += expected.length
    }
    const removal = records.map(({ id }) => ({
      action: 'delete' as const,
      table: 'thing',
      record: { id } as JsonObject,
    }))
    await module.writeAsync({ operations: removal, caller: DECLARED, source: 'test' })
  }
  expect(judged).toBe(RULES * RECORDS_A_BATCH)
  // Neither side is trivial: rules that hold always, or never, would agree about anything.
  expect(held / judged).toBeGreaterThan(0.2)
  expect(held / judged).toBeLessThan(0.8)
})
