import { expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../../src-shared/json.ts'
import {
  checkModule,
  codeOf,
  command,
  DECLARED,
  isTorture,
  LEGACY,
  openShop,
  SeededRandom,
  type TestStore,
} from '../test-support.ts'
import type { Caller } from '../types.ts'

/** A caller whom legacy mode does not concern because it is off: protocol 1 with the spec's rule. */
const UNDECLARED: Caller = { protocol: 1, isLegacy: false }

/** A record of `table` at a version. */
async function openAt(version: number, table = 'ticket'): Promise<TestStore> {
  const shop = await openShop()
  await shop.write('insert', table, { id: 'r' })
  for (let at = 1; at < version; at++) await shop.write('merge', table, { id: 'r', version: at, n: at })
  return shop
}

/** `3` when the write was accepted and made that version, else the code. */
async function attempt(
  shop: TestStore,
  table: string,
  sent: JsonValue | undefined,
  extra: Parameters<typeof command>[3] = {},
): Promise<number | string> {
  const record: JsonObject = { id: 'r', touched: true, ...(sent !== undefined && { version: sent }) }
  const write = shop.module().writeAsync(command('merge', table, record, extra))
  const code = await codeOf(write)
  return code === 'none' ? (await write).results[0]!.version : code
}

test('[L1] 32 writers change 10 records with the versions they read: every success counts, none is lost', {
  timeout: 120_000,
}, async () => {
  const shop = await openShop()
  const random = new SeededRandom(32)
  const keys = Array.from({ length: 10 }, (_, index) => `t${index}`)
  for (const id of keys) await shop.write('insert', 'ticket', { id, value: 0 })
  const successes = new Map(keys.map((id) => [id, 0]))
  let conflicts = 0
  const rounds = isTorture ? 3_000 : 200

  async function writer(): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      const id = random.pick(keys)
      const read = JSON.parse(shop.module().find('ticket', id)!.text) as { value: number; version: number }
      // Others get a turn between the read and the write.
      if (random.below(2) === 0) await shop.write('save', 'settings', { round })
      const code = await codeOf(
        shop.module().writeAsync(command('merge', 'ticket', { id, version: read.version, value: read.value + 1 })),
      )
      if (code === 'none') successes.set(id, successes.get(id)! + 1)
      else {
        expect(code).toBe('version-conflict')
        conflicts++
      }
    }
  }

  await Promise.all(Array.from({ length: 32 }, writer))
  const finals = keys.map((id) => JSON.parse(shop.module().find('ticket', id)!.text) as JsonObject)
  expect(finals.map(({ id, value, version }) => [id, value, version])).toEqual(
    keys.map((id) => [id, successes.get(id), successes.get(id)! + 1]),
  )
  expect(conflicts).toBeGreaterThan(rounds)
  checkModule(shop.context(), shop.module())
})

test('[L1] a conflict names the record as it is now', async () => {
  const shop = await openAt(3)
  const { code, details, status } = await shop
    .module()
    .writeAsync(command('merge', 'ticket', { id: 'r', version: 2 }))
    .catch((error) => error)
  expect({ code, status, details }).toEqual({
    code: 'version-conflict',
    status: 409,
    details: {
      table: 'ticket',
      key: 'r',
      expectedVersion: 2,
      currentVersion: 3,
      current: JSON.parse(shop.module().find('ticket', 'r')!.text),
    },
  })
})

test('[L1] [L2] the version that was read, on locking tables and others', async () => {
  const sent: (JsonValue | undefined)[] = [undefined, null, 1, 2, 3, 4, '2', 0, -1, 2.5, 'abc', {}, true]
  const outcomes = async (table: string, caller: Caller): Promise<unknown[]> => {
    const results: unknown[] = []
    for (const version of sent) results.push(await attempt(await openAt(2, table), table, version, { caller }))
    return results
  }
  const [conflict, wrong] = ['version-conflict', 'validation-failed']
  const checked = [conflict, 3, conflict, conflict, 3, conflict, wrong, wrong, wrong, wrong, wrong]
  for (const caller of [DECLARED, UNDECLARED]) {
    expect(await outcomes('ticket', caller)).toEqual([conflict, conflict, ...checked])
    expect(await outcomes('item', caller)).toEqual([3, 3, ...checked])
  }
})

test('[L3] in legacy mode the version that will be produced, on locking tables only: the verified table', async () => {
  const sent: (JsonValue | undefined)[] = [undefined, null, 0, -1, 'abc', 99, 1, 2, 3, 4, '2', '3', 2.9]
  const outcomes = async (table: string, version: number): Promise<unknown[]> => {
    const results: unknown[] = []
    for (const each of sent) results.push(await attempt(await openAt(version, table), table, each, { caller: LEGACY }))
    return results
  }
  const no = 'version-conflict'
  expect(await outcomes('ticket', 1)).toEqual([no, no, no, no, no, no, 2, 2, no, no, 2, no, 2])
  expect(await outcomes('ticket', 2)).toEqual([no, no, no, no, no, no, no, no, 3, no, no, 3, no])
  expect(await outcomes('item', 2)).toEqual(sent.map(() => 3))
  expect(JSON.parse((await openAt(2, 'item')).module().find('item', 'r')!.text)).toMatchObject({ version: 2 })
})

test('[L3] [L1] the same stale version is refused under either rule, so that no mixture lets it pass', async () => {
  // Both read version 1; one of them writes first. What the other sends next is refused whichever rule it follows.
  for (const [first, second, sentFirst, sentSecond] of [
    [DECLARED, DECLARED, 1, 1],
    [LEGACY, LEGACY, 2, 2],
    [LEGACY, LEGACY, 1, 1],
    [DECLARED, LEGACY, 1, 2],
    [LEGACY, DECLARED, 2, 1],
  ] as const) {
    const shop = await openAt(1)
    const accepted = await attempt(shop, 'ticket', sentFirst, { caller: first })
    expect([accepted, await attempt(shop, 'ticket', sentSecond, { caller: second })]).toEqual([2, 'version-conflict'])
  }
})

test('[L1] If-Match in all its forms, alone and beside a version', async () => {
  const tags: [string, number | string][] = [
    ['"1.2"', 3],
    ['1.2', 3],
    ['"2"', 3],
    ['2', 3],
    ['*', 3],
    ['W/"1.2"', 3],
    ['"1.1", "1.2"', 3],
    ['"2.2"', 'precondition-failed'],
    ['"1"', 'precondition-failed'],
    ['"1.3"', 'precondition-failed'],
    ['""', 'precondition-failed'],
    ['x', 'precondition-failed'],
  ]
  const outcomes: [string, number | string][] = []
  for (const [ifMatch] of tags)
    outcomes.push([ifMatch, await attempt(await openAt(2), 'ticket', undefined, { ifMatch })])
  expect(outcomes).toEqual(tags)

  const shop = await openAt(2)
  expect([
    await attempt(shop, 'ticket', 1, { ifMatch: '*' }),
    await attempt(shop, 'ticket', 2, { ifMatch: '"9"' }),
    await attempt(shop, 'ticket', 2, { ifMatch: '"2"' }),
    await shop.refusal('save', 'ticket', { id: 'absent' }, { ifMatch: '*' }),
    await shop.refusal('insert', 'ticket', { id: 'absent' }, { ifMatch: '"1"' }),
    await shop.refusal('delete', 'ticket', { id: 'r' }, { ifMatch: '"1"' }),
    await shop.refusal('delete', 'ticket', { id: 'r' }, { ifMatch: '"3"' }),
  ]).toEqual([
    'version-conflict',
    'precondition-failed',
    3,
    'precondition-failed',
    'precondition-failed',
    'precondition-failed',
    'none',
  ])
})

test('[L1] a version of another epoch is refused before it is compared', async () => {
  const shop = await openAt(2)
  expect([
    await attempt(shop, 'ticket', 2, { epoch: 2 }),
    await attempt(shop, 'ticket', 2, { epoch: 0 }),
    await attempt(shop, 'ticket', 2, { epoch: 1 }),
  ]).toEqual(['epoch-changed', 'epoch-changed', 3])
})

test('[L1] [W5] a delete checks a version when one is sent, and in legacy mode never', async () => {
  const remove = async (sent: JsonValue | undefined, caller: Caller = DECLARED): Promise<string> =>
    (await openAt(2)).refusal('delete', 'ticket', { id: 'r', ...(sent !== undefined && { version: sent }) }, { caller })
  expect([
    await remove(undefined),
    await remove(null),
    await remove(2),
    await remove(1),
    await remove(3),
    await remove(1, LEGACY),
    await remove('x', LEGACY),
  ]).toEqual(['none', 'none', 'none', 'version-conflict', 'version-conflict', 'none', 'none'])
})

test('[W3] [L3] an insert of an existing record: a retry, a conflict, and what legacy mode makes of it', async () => {
  const insert = async (table: string, record: JsonObject, caller = DECLARED): Promise<unknown[]> => {
    const shop = await openShop()
    await shop.write('insert', table, { id: 'r', name: 'first', price: '1.00' })
    await shop.write('merge', table, { id: 'r', version: 1, more: 1 })
    const before = shop.events.length
    const write = shop.module().writeAsync(command('insert', table, { id: 'r', ...record }, { caller }))
    const code = await codeOf(write)
    const { name, price, more, version, extra } = JSON.parse(shop.module().find(table, 'r')!.text) as JsonObject
    const stored = [name, price, more, version, extra]
    checkModule(shop.context(), shop.module())
    return [code === 'none' ? (await write).results[0]!.outcome : code, shop.events.length - before, stored]
  }
  const same = { name: 'first', price: '1.00', more: 1 }
  const stored = ['first', '1.00', 1, 2, undefined]
  for (const table of ['ticket', 'item']) {
    const kept = table === 'item' ? ['first', 1, 1, 2, undefined] : stored
    expect(await insert(table, same)).toEqual(['unchanged', 0, kept])
    expect(await insert(table, { ...same, version: 7, createdAt: 'x' })).toEqual(['unchanged', 0, kept])
    expect(await insert(table, { name: 'first', price: '1.00' })).toEqual(['record-exists', 0, kept])
    expect(await insert(table, { ...same, extra: 1 })).toEqual(['record-exists', 0, kept])
    expect(await insert(table, same, LEGACY)).toEqual(['unchanged', 0, kept])
  }
  const changed = { name: 'second', extra: 'new' }
  expect(await insert('item', changed, LEGACY)).toEqual(['updated', 1, ['second', 1, 1, 3, 'new']])
  // On a locking table it fills what is absent and leaves the version, unless its version passes the field rule.
  expect(await insert('ticket', changed, LEGACY)).toEqual(['updated', 1, ['first', '1.00', 1, 2, 'new']])
  expect(await insert('ticket', { ...changed, version: 2 }, LEGACY)).toEqual([
    'updated',
    1,
    ['first', '1.00', 1, 2, 'new'],
  ])
  expect(await insert('ticket', { ...changed, version: 3 }, LEGACY)).toEqual([
    'updated',
    1,
    ['second', '1.00', 1, 3, 'new'],
  ])
  expect(await insert('ticket', { name: 'second' }, LEGACY)).toEqual(['unchanged', 0, stored])
})

test('[W1] a record that is made again goes on at its tombstone, over restarts and under every action', async () => {
  const shop = await openAt(3)
  await shop.write('delete', 'ticket', { id: 'r' })
  await shop.reopen()
  const again = await shop.write('insert', 'ticket', { id: 'r' })
  await shop.write('delete', 'ticket', { id: 'r', version: 4 })
  const saved = await shop.write('save', 'ticket', { id: 'r', version: 1 })
  await shop.write('delete', 'ticket', { id: 'r' })
  await shop.module().importSnapshot({ tables: { ticket: [{ id: 'r', version: 1 }] } })
  const imported = shop.module().find('ticket', 'r')!.version
  await shop.module().importSnapshot({ tables: { ticket: [] } })
  const last = await shop.write('insert', 'ticket', { id: 'r' })
  expect([again.version, saved.version, imported, last.version]).toEqual([4, 5, 6, 7])
  expect([again.outcome, saved.outcome]).toEqual(['created', 'created'])
  checkModule(shop.context(), shop.module())
})
