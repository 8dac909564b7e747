import { expect, test } from 'vitest'
import { AppError } from '../../../src-shared/errors.ts'
import type { JsonObject } from '../../../src-shared/json.ts'
import type { ModuleStore } from '../api.ts'
import {
  codeOf,
  command,
  DECLARED,
  isTorture,
  listAll,
  openShop,
  SeededRandom,
  type TestStore,
  thrownCode,
} from '../test-support.ts'
import type { Delta, WriteOperation } from '../types.ts'

const TABLES = ['item', 'line', 'ticket', 'seat', 'payment', 'settings']

/** Table and key -> the record's text; what a client holds. */
type Held = Map<string, string>

function hold(module: ModuleStore): Held {
  const held: Held = new Map()
  for (const table of TABLES) {
    for (const record of listAll(module, table)) held.set(`${table} ${keyOf(table, record)}`, JSON.stringify(record))
  }
  return held
}

function keyOf(table: string, record: JsonObject): string {
  if (table === 'settings') return 'settings'
  return table === 'seat' ? `${record.room}::${record.place}` : String(record.id)
}

function apply(held: Held, delta: Delta): void {
  for (const [table, { recordTexts, deleted }] of Object.entries(delta.tables)) {
    for (const key of deleted) held.delete(`${table} ${key}`)
    for (const text of recordTexts) held.set(`${table} ${keyOf(table, JSON.parse(text) as JsonObject)}`, text)
  }
}

const sorted = (held: Held): string[] => [...held].map(([name, text]) => `${name} ${text}`).sort()

function randomOperation(random: SeededRandom): WriteOperation {
  const table = random.pick(TABLES)
  const n = random.below(6)
  const key: JsonObject =
    table === 'settings'
      ? {}
      : table === 'seat'
        ? { room: `r${n % 2}`, place: n }
        : { id: table === 'payment' ? n : `k${n}` }
  const action = random.pick(['save', 'save', 'delete'] as const)
  return { action, table, record: action === 'delete' ? key : { ...key, name: `n${random.below(99)}`, amount: n } }
}

/** Commits random writes and returns what a client held at every position. */
async function randomHistory(shop: TestStore, random: SeededRandom, events: number): Promise<Map<number, Held>> {
  const module = shop.module()
  const heldAt = new Map<number, Held>([[module.head().seq, hold(module)]])
  while (module.head().seq < events) {
    const operations = Array.from({ length: random.below(4) === 0 ? 3 : 1 }, () => {
      const operation = randomOperation(random)
      const current = module.find(operation.table, keyOf(operation.table, operation.record))
      if (current && operation.table === 'ticket') operation.record.version = current.version
      return operation
    })
    const write = module.writeAsync({ operations, caller: DECLARED, source: 'test' })
    await codeOf(write)
    heldAt.set(module.head().seq, hold(module))
  }
  return heldAt
}

test('[D7] from every cursor, in pages of every size, a delta gives exactly what changed and nothing else', {
  timeout: 120_000,
}, async () => {
  for (const seed of isTorture ? Array.from({ length: 50 }, (_, index) => index) : [1, 2]) {
    const shop = await openShop()
    const random = new SeededRandom(seed)
    const heldAt = await randomHistory(shop, random, 160)
    const module = shop.module()
    const { seq: head } = module.head()
    const events = module.readEvents(0, 1000)
    for (const [cursor, before] of heldAt) {
      const whole = module.delta({ cursor: { epoch: 1, seq: cursor } })
      const changed = new Set(events.filter(({ seq }) => seq > cursor).map(({ table, key }) => `${table} ${key}`))
      const now = heldAt.get(head)!
      const expected = Object.fromEntries(
        TABLES.flatMap((table) => {
          const keys = [...changed].filter((name) => name.startsWith(`${table} `))
          const alive = keys.filter((name) => now.has(name))
          // A record that was deleted and made again since is an insert, as is one that was not there.
          const born = alive.filter((name) =>
            events.some(({ seq, table: of, key, isCreated }) => seq > cursor && isCreated && `${of} ${key}` === name),
          )
          if (keys.length === 0) return []
          const deleted = keys.filter((name) => !now.has(name)).map((name) => name.slice(table.length + 1))
          const figures = { inserted: born.length, updated: alive.length - born.length, deleted: deleted.sort() }
          return [[table, { ...figures, texts: alive.map((name) => now.get(name)!).sort() }]]
        }),
      )
      const got = Object.fromEntries(
        Object.entries(whole.tables).map(([table, { recordTexts, deleted, inserted, updated }]) => [
          table,
          { inserted, updated, deleted: deleted.toSorted(), texts: recordTexts.toSorted() },
        ]),
      )
      expect([seed, cursor, got]).toEqual([seed, cursor, expected])
      expect(whole).toMatchObject({ seq: head, version: head, hasMore: false, requiresFullSync: false })

      const limit = 1 + random.below(7)
      const held = new Map(before)
      let seq = cursor
      for (let page = module.delta({ cursor: { epoch: 1, seq }, limit }); ; ) {
        const size = Object.values(page.tables).reduce(
          (sum, each) => sum + each.recordTexts.length + each.deleted.length,
          0,
        )
        expect(size).toBeLessThanOrEqual(limit)
        apply(held, page)
        seq = page.seq
        if (!page.hasMore) break
        page = module.delta({ cursor: { epoch: 1, seq }, limit })
      }
      expect([seed, cursor, limit, sorted(held)]).toEqual([seed, cursor, limit, sorted(now)])
    }
  }
})

test('[D7] a reader that pages while others write ends where everybody is', async () => {
  const shop = await openShop()
  const random = new SeededRandom(5)
  const history = await randomHistory(shop, random, 60)
  const held = new Map(history.get(0)!)
  let seq = 0
  for (let round = 0; round < 500; round++) {
    const page = shop.module().delta({ cursor: { epoch: 1, seq }, limit: 3 })
    apply(held, page)
    seq = page.seq
    if (round < 30)
      await codeOf(
        shop.module().writeAsync({ operations: [randomOperation(random)], caller: DECLARED, source: 'test' }),
      )
    else if (!page.hasMore) break
  }
  expect(sorted(held)).toEqual(sorted(hold(shop.module())))
})

test('[D7] the tables that were asked for, under any of their names; an unknown one is refused', async () => {
  const shop = await openShop()
  await shop.write('insert', 'item', { id: 'i' })
  await shop.write('insert', 'ticket', { id: 't' })
  const cursor = { epoch: 1, seq: 0 }
  const named = (tables: string[]): string[] => Object.keys(shop.module().delta({ cursor, tables }).tables)
  expect([named(['bills']), named(['items', 'ticket']), named([])]).toEqual([['ticket'], ['item', 'ticket'], []])
  expect(thrownCode(() => named(['nothing']))).toBe('table-not-found')
})

test('[D1] to [D5] every reason for a full sync, at its boundary', async () => {
  const shop = await openShop({ shop: { seeds: { item: [{ id: 'seeded' }] } } })
  for (let index = 0; index < 6; index++) await shop.write('insert', 'item', { id: `i${index}` })
  const reason = (cursor?: { epoch: number; seq: number }): string => {
    const module = shop.module()
    const delta = module.delta(cursor ? { cursor } : {})
    expect(delta.requiresFullSync).toBe(delta.reason !== undefined)
    if (delta.requiresFullSync) expect([delta.seq, delta.hasMore]).toEqual([module.head().seq, false])
    return delta.reason ?? 'none'
  }
  // The seeds came at position 1.
  expect([
    reason(),
    reason({ epoch: 0, seq: 5 }),
    reason({ epoch: 2, seq: 5 }),
    reason({ epoch: 1, seq: 8 }),
    reason({ epoch: 1, seq: 7 }),
    reason({ epoch: 1, seq: 1 }),
    reason({ epoch: 1, seq: 0 }),
  ]).toEqual(['no-cursor', 'epoch-changed', 'epoch-changed', 'cursor-ahead', 'none', 'none', 'snapshot-floor'])

  await shop.module().importSnapshot({ tables: { item: [{ id: 'new' }] } })
  expect([reason({ epoch: 1, seq: 7 }), reason({ epoch: 1, seq: 8 })]).toEqual(['snapshot-floor', 'none'])
  await shop.write('insert', 'item', { id: 'last' })
  const { state, branch } = shop.context()
  await branch.queue.run(() => {
    state.row.trimmedHash = state.events.findBySeq(8)!.hash
    state.row.trimmedSeq = 8
    state.events.trim(8)
    branch.saveModuleRow(state)
  })
  for (let restart = 0; restart < 2; restart++) {
    expect([reason({ epoch: 1, seq: 7 }), reason({ epoch: 1, seq: 8 })]).toEqual(['cursor-expired', 'none'])
    expect(shop.module().verifyChain().events).toBe(1)
    await shop.reopen()
  }
})

test('[D6] a full-sync flag asks readers from before it, once, over restarts; clearing it lets everybody pass', async () => {
  const shop = await openShop()
  await shop.write('insert', 'item', { id: 'a' })
  const reasonAt = (seq: number): string => shop.module().delta({ cursor: { epoch: 1, seq } }).reason ?? 'none'
  const set = (isEnabled: boolean, moduleId = 'shop'): Promise<{ id: string; enabled: boolean }> =>
    shop.store
      .getBranch('dar')
      .setFullSyncFlag({ moduleId, isEnabled, reason: 'menu', requestedBy: 'manager', meta: { n: 1 } })
  const flag = await set(true)
  await shop.write('insert', 'item', { id: 'b' })
  for (let restart = 0; restart < 2; restart++) {
    expect([reasonAt(0), reasonAt(1), reasonAt(2)]).toEqual(['full-sync-flag', 'none', 'none'])
    expect(shop.store.getBranch('dar').fullSyncFlags('shop')).toEqual([flag])
    await shop.reopen()
  }
  expect(await set(false)).toMatchObject({ id: flag.id, enabled: false, clearedBy: 'manager', reason: 'menu' })
  expect(reasonAt(0)).toBe('none')
  await set(true)
  expect([reasonAt(1), reasonAt(2)]).toEqual(['full-sync-flag', 'none'])
  await set(false)
  await set(true, '*')
  expect([reasonAt(1), reasonAt(2)]).toEqual(['full-sync-flag', 'none'])
  expect(await codeOf(set(true, 'other'))).toBe('module-not-found')
})

test('[D6] flags that are set together stay one flag, and clearing it clears it', async () => {
  const shop = await openShop()
  await shop.write('insert', 'item', { id: 'a' })
  const branch = shop.store.getBranch('dar')
  const flags = await Promise.all([1, 2, 3].map(() => branch.setFullSyncFlag({ moduleId: 'shop', isEnabled: true })))
  expect(new Set(flags.map(({ id }) => id)).size).toBe(1)
  await branch.setFullSyncFlag({ moduleId: 'shop', isEnabled: false })
  expect(shop.module().delta({ cursor: { epoch: 1, seq: 0 } }).requiresFullSync).toBe(false)
  await shop.context().branch.queue.stop(new AppError('stopping', 'The test ends.'))
  expect(await codeOf(branch.setFullSyncFlag({ moduleId: 'shop', isEnabled: true }))).toBe('stopping')
  expect(branch.fullSyncFlags()).toMatchObject([{ enabled: false }])
})

test('[D8] missed events come as they were, oldest first, from any position', async () => {
  const shop = await openShop()
  await randomHistory(shop, new SeededRandom(8), 40)
  const module = shop.module()
  for (const after of [0, 1, 17, 39, 40, 41, -5]) {
    expect(module.readEvents(after, 1000)).toEqual(shop.events.filter(({ seq }) => seq > after))
  }
  expect(module.readEvents(10, 5)).toEqual(shop.events.slice(10, 15))
  expect([module.readEvents(0, 0).length, module.readEvents(0, -1).length]).toEqual([1, 1])
  await shop.module().writeAsync(command('insert', 'item', { id: 'after' }))
  expect(module.readEvents(40, 1000)).toEqual(shop.events.slice(40))
})
