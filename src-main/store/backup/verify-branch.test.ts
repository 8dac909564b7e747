import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { removeTemporaryFolders, TestBranch, temporaryFolder } from '../archive/test-branch.ts'
import { SqliteConnection } from '../sqlite/connection.ts'
import { type BranchFigures, verifyBranchDatabase } from './verify-branch.ts'

let good = ''
let figures: BranchFigures

beforeAll(async () => {
  const branch = new TestBranch()
  for (let n = 1; n <= 20; n++)
    await branch.write('insert', 'order_header', { id: `o${n}`, total: n, statusId: 'open' })
  await branch.write('insert', 'employees', { id: 'e1', name: 'Mona', pinCode: '1234' })
  await branch.write('delete', 'order_header', { id: 'o20', version: 1 })
  await branch.close()
  good = join(branch.folder, 'sqlite/branch.db')
  figures = verify(good)
})
afterAll(removeTemporaryFolders)

function verify(path: string): BranchFigures {
  const connection = SqliteConnection.open(path, { readonly: true })
  try {
    return verifyBranchDatabase(connection, 'dar')
  } finally {
    connection.close()
  }
}

function copyWith(sql: string): string {
  const path = join(temporaryFolder(), 'branch.db')
  copyFileSync(good, path)
  const connection = SqliteConnection.open(path)
  connection.exec(sql)
  connection.checkpoint()
  connection.close()
  return path
}

test('tells what a sound database holds', () => {
  expect(figures.modules).toMatchObject([
    { moduleId: 'pos', epoch: 1, seq: 22, events: 22, records: 20, headHash: expect.stringMatching(/^[0-9a-f]{64}$/) },
  ])
  expect(figures.modules[0]!.tables).toContainEqual({ name: 'order_header', count: 19 })
  expect(() => verify(copyWith(''))).not.toThrow()
})

describe('sees', () => {
  const order = `UPDATE "pos/order_header" SET`
  const event = `UPDATE "pos//events" SET`
  for (const [what, sql, code] of [
    ['a changed document', `${order} doc = replace(doc, '"total":7', '"total":8')`, 'store-corrupt'],
    ['a changed version', `${order} version = 9 WHERE id = 'o3'`, 'store-corrupt'],
    ['a changed time', `${order} updated_at = '2020-01-01T00:00:00.000Z' WHERE id = 'o3'`, 'store-corrupt'],
    ['a changed scaled decimal', `${order} "d.total" = 701 WHERE id = 'o7'`, 'store-corrupt'],
    ['a changed key', `${order} id = 'o99' WHERE id = 'o9'`, 'store-corrupt'],
    ['a record from after the log', `DELETE FROM "pos//events" WHERE seq > 15`, 'store-corrupt'],
    ['a changed event', `${event} record = replace(record, 'open', 'paid') WHERE seq = 4`, 'chain-broken'],
    ['a changed sender', `${event} meta = replace(meta, 'test', 'else') WHERE seq = 4`, 'chain-broken'],
    ['a missing event', `DELETE FROM "pos//events" WHERE seq = 4`, 'chain-broken'],
    ['a changed hash', `${event} hash = replace(hash, substr(hash, 1, 1), 'x') WHERE seq = 22`, 'chain-broken'],
    ['a changed secret', `${event} private = replace(private, '1234', '9999')`, 'chain-broken'],
    ['a moved beginning of the epoch', `UPDATE modules SET base_seq = 3`, 'chain-broken'],
    ['a log that was begun anew', `UPDATE modules SET base_seq = 500`, 'chain-broken'],
    ['a newer layout', `UPDATE meta SET value = '99' WHERE key = 'layout'`, 'store-corrupt'],
    ['another kind of database', 'DROP TABLE modules', 'store-corrupt'],
  ] as const) {
    test(what, () => {
      const path = copyWith(sql)
      expect(() => verify(path)).toThrow(expect.objectContaining({ code }))
    })
  }

  test('the log of another branch', () => {
    const connection = SqliteConnection.open(good, { readonly: true })
    expect(() => verifyBranchDatabase(connection, 'remal')).toThrow(expect.objectContaining({ code: 'chain-broken' }))
    connection.close()
  })

  test('every flipped bit of a record or event; others lie in free space and change nothing that can be read', () => {
    const bytes = readFileSync(good)
    const text = readAll(good)
    const places = findAll(bytes, '"statusId":"open"').map((at) => at + 13)
    const path = join(temporaryFolder(), 'branch.db')
    let seen = 0
    for (const [index, place] of places.entries()) {
      const bad = Buffer.from(bytes)
      bad[place]! ^= 1 << (index % 7)
      writeFileSync(path, bad)
      try {
        verify(path)
        expect(readAll(path), `byte ${place}`).toBe(text)
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^(store-corrupt|chain-broken)$/) })
        seen++
      }
    }
    // 19 records and the 21 events of orders.
    expect(seen).toBe(40)
  })
})

function readAll(path: string): string {
  const connection = SqliteConnection.open(path, { readonly: true })
  const rows = connection
    .prepare('SELECT doc AS text FROM "pos/order_header" UNION ALL SELECT record FROM "pos//events"')
    .all()
  connection.close()
  return JSON.stringify(rows)
}

function findAll(bytes: Buffer, text: string): number[] {
  const found: number[] = []
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) found.push(at)
  return found
}
