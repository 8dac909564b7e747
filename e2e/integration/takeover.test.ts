import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JsonObject } from '../../src-shared/json.ts'
import { BranchClient } from '../support/branch-client.ts'
import { type FieldFolderOracle, writeFieldFolder } from '../support/field-folder.ts'
import { send } from '../support/http.ts'
import { at, valuesAt } from '../support/json-paths.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'

/** A server that is started on the data folder of a field server goes on where that one stopped. */
const SEED = 20_250_107
let dataDir: string
let oracle: FieldFolderOracle
let originals: Record<string, string>
let server: TestServer

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'mishkah-takeover-'))
  oracle = writeFieldFolder(dataDir, { seed: SEED })
  originals = fingerprint(dataDir)
  server = await startTestServer({ dataDir })
})
afterAll(async () => {
  await server?.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

function fingerprint(dir: string): Record<string, string> {
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((path) =>
    statSync(join(dir, path)).isFile(),
  )
  return Object.fromEntries(
    files.sort().map((path) => [
      path,
      createHash('sha256')
        .update(readFileSync(join(dir, path)))
        .digest('hex'),
    ]),
  )
}

const clientOf = (place: { branchId: string; moduleId: string }) =>
  new BranchClient(() => server.url, place.branchId, place.moduleId)

async function listRecords(place: { branchId: string; moduleId: string }, table: string): Promise<unknown[]> {
  const { status, body } = await clientOf(place).send('GET', `tables/${table}?limit=5000`)
  expect(status, `${place.branchId}/${place.moduleId}/${table}`).toBe(200)
  return valuesAt(body, 'rows[]')
}

/** Every field of the original is there. A decimal of more than 15 digits is a text on the wire, of the same value. */
function lostFields(record: JsonObject, found: unknown): string[] {
  return Object.entries(record).flatMap(([field, value]) => {
    const stored = at(found, field)
    const isSame =
      typeof value === 'number' ? Number(stored) === value : JSON.stringify(stored) === JSON.stringify(value)
    return isSame ? [] : [`${field} is ${JSON.stringify(stored)}, was ${JSON.stringify(value)}`]
  })
}

test('branches and modules are there under their own names', async () => {
  const { body } = await send(server.url, '/api/branches')
  const branches = valuesAt(body, 'branches[]').map((one) => [at(one, 'id'), at(one, 'label')])
  expect(Object.fromEntries(branches)).toEqual(oracle.branches)
  const types = await send(server.url, '/api/modules')
  expect(valuesAt(types.body, 'modules[].id').sort()).toEqual(Object.keys(oracle.modules).sort())
})

test('[F5] [F15] [F18] [F35] each record has its newest state with every field', async () => {
  const lost: string[] = []
  for (const { table, key, record, ...place } of oracle.records) {
    const { body } = await clientOf(place).send('GET', `tables/${table}?id=${encodeURIComponent(key)}`)
    const rows = valuesAt(body, 'rows[]')
    const problems = rows.length === 1 ? lostFields(record, rows[0]) : [`${rows.length} records`]
    lost.push(...problems.map((problem) => `${place.branchId}/${place.moduleId}/${table}/${key}: ${problem}`))
  }
  expect(lost).toEqual([])
  for (const { table, record, ...place } of oracle.recordsWithoutKey) {
    const found = (await listRecords(place, table)).filter((row) =>
      Object.entries(record).every(([field, value]) => at(row, field) === value),
    )
    expect(found, `${place.branchId}/${table}`).toHaveLength(1)
  }
  for (const { table, key, ...place } of oracle.absent) {
    expect(await clientOf(place).find(table, key), `${place.branchId}/${table}/${key}`).toBeUndefined()
  }
})

test('objects among the tables are objects in the snapshot', async () => {
  for (const { name, record, ...place } of oracle.singletons) {
    const { body } = await clientOf(place).send('GET', clientOf(place).path)
    expect(at(body, `tables.${name}`)).toMatchObject(record)
  }
})

test('[F6] the next document number is above every number ever used', async () => {
  for (const { table, field, next, ...place } of oracle.nextNumbers) {
    const { body } = await clientOf(place).send('POST', 'sequences', { table, field })
    expect(at(body, 'value'), `${place.branchId}: ${JSON.stringify(body)}`).toBe(next)
  }
})

test('purged records can be looked at and put back', async () => {
  for (const { entryId, totalRecords, branchId, moduleId } of oracle.archives) {
    const list = await send(server.url, `/api/manage/purge-history?branch=${branchId}&module=${moduleId}`)
    const entry = valuesAt(list.body, 'entries[]').find((one) => at(one, 'id') === entryId)
    expect(entry).toMatchObject({ totalRecords })
    const body = { branchId, moduleId, entryId }
    const restore = await send(server.url, '/api/manage/purge-history', { method: 'POST', body })
    expect(restore.body).toMatchObject({ totalRestored: totalRecords })
  }
})

test('what cannot be used is reported item by item', () => {
  const report = JSON.parse(readFileSync(join(dataDir, 'takeover.json'), 'utf8')) as {
    state: string
    unusable: JsonObject[]
  }
  expect(report.state).toBe('done')
  expect(report.unusable.map((one) => one.item).sort()).toEqual([...oracle.unusable].sort())
})

test('the originals are untouched', () => {
  const kept = fingerprint(join(dataDir, 'legacy'))
  expect(Object.fromEntries(Object.keys(originals).map((path) => [path, kept[path]]))).toEqual(originals)
})

test('a client gets what was taken over, and can change it', async () => {
  const socket = await TestSocket.enter(server.wsUrl, { branchId: 'lab:test' })
  const merged = await socket.publish('merge', 'dining_tables', { id: 'T1', seats: 12 })
  expect(merged).toMatchObject({ type: 'server:ack', entry: { record: { id: 'T1', seats: 12 } } })
  await socket.close()
})

test('a second start takes nothing over again', async () => {
  const place = { branchId: 'lab:test', moduleId: 'pos' }
  await clientOf(place).remove('dining_tables', 'T1')
  await server.restart()
  expect(await clientOf(place).find('dining_tables', 'T1')).toBeUndefined()
  const remal = { branchId: 'remal', moduleId: 'pos' }
  const ids = (await listRecords(remal, 'order_header')).map((row) => at(row, 'id'))
  expect(new Set(ids).size).toBe(ids.length)
})
