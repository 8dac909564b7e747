import { expect, test } from 'vitest'
import type { JsonObject } from '../../../src-shared/json.ts'
import { decimalColumnName } from '../sqlite/identifiers.ts'
import { rowChecksum } from '../sqlite/record-table.ts'
import { checkModule, isTorture, openShop, SeededRandom, type TestStore, thrownCode } from '../test-support.ts'

/** Events with every column in use: a group, secrets, a module-wide event, a removal. */
async function openWithHistory(): Promise<TestStore> {
  const shop = await openShop()
  await shop.write('insert', 'staff', { id: 's', name: 'Mona', pin: '4711' }, { meta: { tab: 1 } })
  await shop.module().writeAsync({
    operations: ['a', 'b'].map((id) => ({ action: 'insert', table: 'line', record: { id, quantity: '1.5' } })),
    caller: { protocol: 2, isLegacy: false, userId: 'u' },
    source: 'test',
  })
  await shop.module().importSnapshot({ tables: { item: [{ id: 'i', price: 3 }] } })
  await shop.write('merge', 'staff', { id: 's', pin: '4712' })
  await shop.write('delete', 'line', { id: 'a' })
  await shop.write('insert', 'ticket', { id: 't', total: '12.50', note: 'ملاحظة' })
  return shop
}

/** The value with one bit flipped, as SQL of the same storage class. */
function flipped(value: unknown, random: SeededRandom): Buffer | number | undefined {
  if (typeof value === 'number') return value ^ (1 << random.below(3))
  if (typeof value !== 'string' || value === '') return undefined
  const bytes = Buffer.from(value)
  bytes[random.below(bytes.length)]! ^= 1 << random.below(8)
  return bytes
}

const EVENTS = '"shop//events"'

test('one flipped bit in any column of any event is found', async () => {
  const shop = await openWithHistory()
  const module = shop.module()
  const random = new SeededRandom(8)
  const second = shop.openDatabase()
  const rows = second.prepare(`SELECT * FROM ${EVENTS} ORDER BY seq`).all() as JsonObject[]
  const seqs = new Set(rows.map(({ seq }) => seq))
  const missed: string[] = []
  let flips = 0

  function flip(row: JsonObject, column: string): void {
    const bad = flipped(row[column], random)
    if (bad === undefined || (column === 'seq' && seqs.has(bad as number))) return
    const value = Buffer.isBuffer(bad) ? 'CAST(? AS TEXT)' : '?'
    const place = column === 'seq' ? bad : row.seq
    second.prepare(`UPDATE ${EVENTS} SET "${column}" = ${value} WHERE seq = ?`).run(bad, row.seq)
    if (thrownCode(() => module.verifyChain()) !== 'chain-broken') missed.push(`${row.seq}.${column}: ${bad}`)
    second.prepare(`UPDATE ${EVENTS} SET "${column}" = ? WHERE seq = ?`).run(row[column], place)
    flips++
  }

  for (const row of rows) {
    for (const column of Object.keys(row)) {
      const tries = typeof row[column] === 'string' ? (isTorture ? 400 : 12) : 3
      for (let attempt = 0; attempt < tries; attempt++) flip(row, column)
    }
  }
  expect(missed).toEqual([])
  expect(flips).toBeGreaterThan(300)
  expect(module.verifyChain()).toEqual({ events: 7, headHash: shop.context().state.head.hash })
})

test('an event that is missing, doubled, moved or added is found, also at either end of the log', async () => {
  const shop = await openWithHistory()
  const module = shop.module()
  const second = shop.openDatabase()
  second.exec(`CREATE TEMP TABLE original AS SELECT * FROM ${EVENTS}`)
  const damages = [
    `DELETE FROM ${EVENTS} WHERE seq = 1`,
    `DELETE FROM ${EVENTS} WHERE seq = 4`,
    `DELETE FROM ${EVENTS} WHERE seq = 7`,
    `UPDATE ${EVENTS} SET seq = seq + 100 WHERE seq > 3`,
    `INSERT INTO ${EVENTS} SELECT 8, 'evt-8', epoch, action, tbl, key, record, private, fields, meta, grp, flags, at, hash
     FROM ${EVENTS} WHERE seq = 7`,
    `UPDATE ${EVENTS} SET record = replace(record, '12.5', '92.5') WHERE seq = 7`,
    `UPDATE ${EVENTS} SET private = '00000000:{"pin":"1"}' WHERE seq = 7`,
    `UPDATE ${EVENTS} SET private = '{"pin":"1"}' WHERE seq = 1`,
  ]
  for (const damage of damages) {
    second.exec(damage)
    expect([damage, thrownCode(() => module.verifyChain())]).toEqual([damage, 'chain-broken'])
    second.exec(`DELETE FROM ${EVENTS}; INSERT INTO ${EVENTS} SELECT * FROM temp.original`)
  }
  expect(module.verifyChain().events).toBe(7)
  checkModule(shop.context(), module)
})

test('one flipped bit in any column of a record breaks its check value', async () => {
  const shop = await openWithHistory()
  const random = new SeededRandom(12)
  const { state } = shop.context()
  let flips = 0
  for (const table of state.definition.tables.values()) {
    const records = state.records(table.name)
    for (const row of [...records.batches(100)].flat()) {
      const columns = records.statement('SELECT * FROM %t WHERE n = ?').get(row.n) as Record<string, number>
      const decimals = table.decimalFields.map((field) => columns[decimalColumnName(field.name)] ?? null)
      expect(rowChecksum(row, decimals)).toBe(columns.checksum)
      for (const column of ['id', 'seq', 'born', 'version', 'createdAt', 'updatedAt', 'doc'] as const) {
        for (let attempt = 0; attempt < 20; attempt++) {
          const bad = flipped(row[column], random)
          const value = Buffer.isBuffer(bad) ? bad.toString('utf8') : bad
          expect(rowChecksum({ ...row, [column]: value }, decimals)).not.toBe(columns.checksum)
          flips++
        }
      }
      decimals.forEach((value, index) => {
        if (value === null) return
        const bad = decimals.with(index, Number(value) ^ (1 << random.below(10)))
        expect(rowChecksum(row, bad)).not.toBe(columns.checksum)
      })
    }
  }
  expect(flips).toBeGreaterThan(500)
})
