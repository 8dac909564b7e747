import { expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../../src-shared/json.ts'
import { codeOf, DECLARED, isTorture, LEGACY, openShop, SeededRandom, type TestStore } from '../test-support.ts'
import type { WriteOperation } from '../types.ts'

interface Row {
  id: string
  seq: number
  born: number
  version: number
  createdAt: string
  updatedAt: string
  doc: string
}

/** JSON with sorted keys: equal records have equal bytes. */
function canonical(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const names = Object.keys(value).sort()
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name]!)}`).join(',')}}`
}

/** The tables as the events alone tell them, in the order of the rows' creation. */
function replay(shop: TestStore): Map<string, Row[]> {
  const tables = new Map<string, Map<string, Row>>()
  const { state } = shop.context()
  let after = 0
  for (let events = state.events.readAfter(0, 500); events.length > 0; events = state.events.readAfter(after, 500)) {
    for (const event of events) {
      after = event.seq
      const rows = tables.get(event.tbl!) ?? new Map<string, Row>()
      tables.set(event.tbl!, rows)
      const before = rows.get(event.key!)
      if (event.action === 'module:delete') {
        rows.delete(event.key!)
        continue
      }
      const secrets = event.private ? (JSON.parse(event.private.slice(9)) as JsonObject) : {}
      const record: JsonObject = { ...(JSON.parse(event.record!) as JsonObject), ...secrets }
      rows.set(event.key!, {
        id: event.key!,
        seq: event.seq,
        born: before?.born ?? event.seq,
        version: record.version as number,
        createdAt: record.createdAt as string,
        updatedAt: record.updatedAt as string,
        doc: canonical(record),
      })
    }
  }
  return new Map([...tables].map(([name, rows]) => [name, [...rows.values()]]))
}

function stored(shop: TestStore): Map<string, Row[]> {
  const { state } = shop.context()
  const tables = new Map<string, Row[]>()
  for (const name of state.definition.tables.keys()) {
    const rows = [...state.records(name).batches(1000)].flat()
    if (rows.length === 0) continue
    const plain = rows.map(({ n: _, ...row }) => ({ ...row, doc: canonical(JSON.parse(row.doc) as JsonObject) }))
    tables.set(name, plain)
  }
  return tables
}

function dump(tables: Map<string, Row[]>): string {
  return [...tables]
    .filter(([, rows]) => rows.length > 0)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(
      ([name, rows]) =>
        `${name}\n${rows.map(({ id, seq, born, version, createdAt, updatedAt, doc }) => [id, seq, born, version, createdAt, updatedAt, doc].join('|')).join('\n')}`,
    )
    .join('\n')
}

function randomOperation(random: SeededRandom, shop: TestStore): WriteOperation {
  const table = random.pick(['ticket', 'ticket', 'line', 'staff', 'payment', 'seat', 'item', 'settings'])
  const n = random.below(12)
  const key: JsonObject =
    table === 'settings'
      ? {}
      : table === 'seat'
        ? { room: `r${n % 3}`, place: n }
        : { id: table === 'payment' ? n : `k${n}` }
  const text = table === 'settings' ? 'settings' : table === 'seat' ? `${key.room}::${key.place}` : String(key.id)
  const current = shop.module().find(table, text)
  const action = random.pick(['insert', 'merge', 'save', 'save', 'delete'] as const)
  const fields = random.pick<JsonObject>([
    { status: `s${n}`, total: (random.below(100_000) / 100).toFixed(2), totals: { due: 1, tax: 2 } },
    { qty: random.below(1000) / 8, place: n, isGift: random.below(2) === 0 },
    { name: `Zo\u00eb "ن" \u{1f600} ${n}\n`, pin: String(random.below(9999)), note: null },
    { amount: '0.10', extra: { deep: [1, { two: null }], empty: {}, text: '\\ " \u2028' } },
    { [`field.${n}`]: n, name: '' },
  ])
  const version: JsonObject = current && random.below(5) > 0 ? { version: current.version } : {}
  return { action, table, record: action === 'delete' ? key : { ...key, ...fields, ...version } }
}

test('the events alone rebuild every table, byte for byte, after any history', { timeout: 600_000 }, async () => {
  for (const seed of isTorture ? Array.from({ length: 20 }, (_, index) => index) : [1, 2]) {
    const shop = await openShop()
    const random = new SeededRandom(seed)
    let accepted = 0
    for (let round = 0; round < (isTorture ? 5000 : 250); round++) {
      shop.clock.ms += random.below(5) * 1000
      const writes = Array.from({ length: 1 + random.below(12) }, () => {
        const operations = Array.from({ length: random.below(5) === 0 ? 3 : 1 }, () => randomOperation(random, shop))
        const caller = random.below(4) === 0 ? LEGACY : DECLARED
        return codeOf(shop.module().writeAsync({ operations, caller, source: 'test' }))
      })
      accepted += (await Promise.all(writes)).filter((code) => code === 'none').length
      if (round % 100 === 50) await shop.reopen()
    }
    expect(accepted).toBeGreaterThan(300)
    expect(dump(replay(shop))).toBe(dump(stored(shop)))
    expect(shop.module().verifyChain().events).toBe(shop.module().head().seq)
  }
})
