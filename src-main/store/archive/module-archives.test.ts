import { appendFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src-shared/json.ts'
import { removeTemporaryFolders, TestBranch } from './test-branch.ts'

let branch: TestBranch
afterEach(async () => {
  await branch.close()
  removeTemporaryFolders()
})

async function filled(options: ConstructorParameters<typeof TestBranch>[0] = {}): Promise<TestBranch> {
  branch = new TestBranch(options)
  await branch.write('insert', 'pos_shift', { id: 's1', isClosed: true, status: 'closed' })
  for (let n = 1; n <= 30; n++) {
    branch.clock.ms += 1000
    await branch.write('insert', 'order_header', {
      id: `o${n}`,
      statusId: 'open',
      total: n + 0.25,
      extra: { note: `عدد ${n}` },
    })
    await branch.write('insert', 'order_line', { id: `l${n}`, orderId: `o${n}`, quantity: 1.5 })
  }
  await branch.write('merge', 'order_header', { id: 'o7', version: 1, statusId: 'closed' })
  await branch.write('insert', 'employees', { id: 'e1', name: 'Mona', code: 'A', pinCode: '1234' })
  return branch
}

const purgeFiles = (): string[] => readdirSync(join(branch.folder, 'modules/pos/history/purge'))

describe('purge', () => {
  test('archives, removes and is taken back exactly: every field, version, time and the order', async () => {
    await filled()
    const before = branch.contents()
    const { seq } = branch.pos.head()
    const purged = await branch.archives.purge({
      tables: ['orders', 'payments', 'nope'],
      requestedBy: 'm',
      reason: 'r',
    })
    expect(purged).toMatchObject({
      version: seq + 1,
      totalRemoved: 30,
      changed: true,
      tables: [
        { table: 'order_header', status: 'cleared', removed: 30 },
        { table: 'order_payment', status: 'empty', removed: 0 },
        { table: 'nope', status: 'skipped', reason: 'table-not-registered' },
      ],
      historyEntry: { totalRecords: 30, requestedBy: 'm', reason: 'r', tables: [{ name: 'order_header', count: 30 }] },
      eventMeta: { isEventLogKept: true, purgeState: { requestedBy: 'm', reason: 'r' } },
      event: { action: 'module:purge', meta: { totalRemoved: 30, historyEntryId: purged.historyEntry!.id } },
    })
    expect(branch.pos.count('order_header')).toBe(0)
    expect(branch.context.state.row.snapshotFloor).toBe(seq + 1)
    expect(branch.notices).toMatchObject([{ directive: 'resync', event: { seq: seq + 1 } }])
    expect(branch.pos.readEvents(0, 1000)).toHaveLength(seq + 1)

    branch.clock.ms += 5000
    const undone = await branch.archives.restoreHistory({ entryId: purged.historyEntry!.id, mode: 'append' })
    expect(undone).toMatchObject({
      restored: [{ table: 'order_header', mode: 'append', restored: 30, duplicates: 0, skipped: 0 }],
      totalRestored: 30,
      changed: true,
      historyEntry: { restoredAt: new Date(branch.clock.ms).toISOString() },
      event: { action: 'module:restore', seq: seq + 2 },
    })
    expect(branch.contents()).toEqual(before)
    expect(branch.context.state.events.findTombstone('order_header', 'o1')).toBeUndefined()
    expect(branch.pos.verifyChain().events).toBe(seq + 2)

    const again = await branch.archives.restoreHistory({ entryId: purged.historyEntry!.id, mode: 'append' })
    expect(again).toMatchObject({ totalRestored: 0, changed: false, event: null })
    expect(again.restored[0]).toMatchObject({ restored: 0, duplicates: 30 })
    expect(branch.pos.head().seq).toBe(seq + 2)
  })

  test('a record that lived and died since goes on above its last version; a living one stays, replace overwrites', async () => {
    await filled()
    const { historyEntry } = await branch.archives.purge({ tables: ['order_header'] })
    await branch.write('insert', 'order_header', { id: 'o1', statusId: 'new' }, { id: 'o2', statusId: 'new' })
    await branch.write('delete', 'order_header', { id: 'o1', version: 2 })

    const appended = await branch.archives.restoreHistory({ entryId: historyEntry!.id, mode: 'append' })
    expect(appended.restored[0]).toMatchObject({ restored: 29, duplicates: 1 })
    expect(branch.pos.find('order_header', 'o1')).toMatchObject({ version: 3 })
    expect(JSON.parse(branch.pos.find('order_header', 'o1')!.text)).toMatchObject({ version: 3, total: 1.25 })
    expect(JSON.parse(branch.pos.find('order_header', 'o2')!.text)).toMatchObject({ version: 2, statusId: 'new' })

    const replaced = await branch.archives.restoreHistory({ entryId: historyEntry!.id, mode: 'replace' })
    expect(replaced).toMatchObject({ totalRestored: 1 })
    expect(JSON.parse(branch.pos.find('order_header', 'o2')!.text)).toMatchObject({ version: 3, statusId: 'open' })
  })

  test('a record whose joined key another one has taken meanwhile is left out, also where living ones are overwritten', async () => {
    const fields = ['categoryId', 'sectionId'].map((name) => ({
      name,
      columnName: name,
      type: 'string',
      primaryKey: true,
    }))
    const sections = { name: 'category_sections', kind: 'master', fields }
    branch = new TestBranch({ schema: { name: 'pos', schema: { name: 'pos', version: 1, tables: [sections] } } })
    await branch.write('insert', 'category_sections', { categoryId: 'tea::hot', sectionId: 'bar' })
    const { historyEntry } = await branch.archives.purge({ tables: ['category_sections'] })
    await branch.write('insert', 'category_sections', { categoryId: 'tea', sectionId: 'hot::bar' })
    for (const mode of ['append', 'replace'] as const) {
      const { restored } = await branch.archives.restoreHistory({ entryId: historyEntry!.id, mode })
      expect(restored).toMatchObject([{ restored: 0, duplicates: 0, skipped: 1 }])
    }
    const living = branch.pos.find('category_sections', 'tea::hot::bar')!
    expect(JSON.parse(living.text)).toMatchObject({ categoryId: 'tea', sectionId: 'hot::bar' })
  })

  test('nothing to remove leaves no archive and no event; no table at all is refused', async () => {
    branch = new TestBranch()
    const { seq } = branch.pos.head()
    expect(await branch.archives.purge({})).toMatchObject({
      totalRemoved: 0,
      changed: false,
      historyEntry: null,
      event: null,
    })
    expect(branch.pos.head().seq).toBe(seq)
    await expect(branch.archives.purge({ tables: [] })).rejects.toMatchObject({ code: 'no-tables-resolved' })
    await expect(branch.archives.purge({ tables: ['nope'] })).rejects.toMatchObject({ code: 'no-tables-resolved' })
  })

  test('writes that arrive while it archives are in the archive, however many', async () => {
    await filled()
    let n = 0
    const writers: Promise<void>[] = []
    const purging = branch.archives.purge({
      tables: ['order_header'],
      onProgress: (step) => {
        if (step === 'archiving') writers.push(branch.write('insert', 'order_header', { id: `late${++n}` }))
      },
    })
    const { historyEntry, totalRemoved } = await purging
    await Promise.all(writers)
    expect(n).toBeGreaterThan(0)
    expect(historyEntry!.totalRecords).toBe(totalRemoved)
    const left = branch.pos.count('order_header')
    expect(totalRemoved + left).toBe(30 + n)
    await branch.archives.restoreHistory({ entryId: historyEntry!.id, mode: 'append' })
    expect(branch.pos.count('order_header')).toBe(30 + n)
    expect(purgeFiles()).toHaveLength(1)
  })

  test('a full disk in the middle changes nothing and leaves no archive behind', async () => {
    await filled()
    const before = branch.contents()
    const { connection } = branch.context.branch
    connection.pragma(`max_page_count = ${connection.pragma('page_count')}`)
    const big = 'x'.repeat(100_000)
    await expect(branch.write('insert', 'employees', { id: 'e2', name: big })).rejects.toMatchObject({
      code: 'disk-full',
    })
    const failed = await branch.archives
      .purge({ tables: ['order_header'], reason: big.repeat(3) })
      .catch((error) => error)
    expect(failed).toMatchObject({ code: 'disk-full' })
    connection.pragma('max_page_count = 1073741823')
    expect(branch.contents()).toEqual(before)
    expect(purgeFiles()).toEqual([])
  })

  test('preview counts and warns of open shifts', async () => {
    await filled()
    await branch.write('insert', 'pos_shift', { id: 's2' })
    expect(branch.archives.previewPurge()).toMatchObject({
      totalRecords: 62,
      tables: [
        { table: 'order_header', count: 30, status: 'ready' },
        {},
        { table: 'order_payment', status: 'empty' },
        {},
      ],
      blocked: [{ code: 'shift-open' }],
    })
    expect(branch.archives.previewPurge(['employees']).blocked).toEqual([])
  })
})

describe('archives', () => {
  test('are one JSON document that only its owner reads; secrets stay in it and do not leave', async () => {
    await filled()
    const { historyEntry } = await branch.archives.purge({ tables: ['employees'] })
    const path = join(branch.folder, 'modules/pos/history/purge', purgeFiles()[0]!)
    const document = JSON.parse(readFileSync(path, 'utf8')) as JsonObject
    expect(document).toMatchObject({
      id: historyEntry!.id,
      type: 'purge',
      clearedTables: ['employees'],
      totalRecords: 1,
      tables: [{ name: 'employees', count: 1, primaryKeyFields: ['id'], records: [{ id: 'e1', pinCode: '1234' }] }],
      summary: [{ name: 'employees', count: 1, sample: [{ table: 'employees', key: 'e1' }] }],
    })
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600)
    const { entry } = branch.archives.getHistory(historyEntry!.id)
    expect(JSON.stringify(entry)).not.toContain('1234')
    expect(entry).toMatchObject({ isPublic: true, tables: [{ records: [{ id: 'e1', name: 'Mona' }] }] })
  })

  test('a damaged one is refused by name and changes nothing', async () => {
    await filled()
    const { historyEntry } = await branch.archives.purge({ tables: ['order_header'] })
    const path = join(branch.folder, 'modules/pos/history/purge', purgeFiles()[0]!)
    const good = readFileSync(path)
    const restore = (): Promise<unknown> =>
      branch.archives.restoreHistory({ entryId: historyEntry!.id, mode: 'append' })
    const head = branch.pos.head().seq
    for (const at of [good.length - 10, Math.floor(good.length / 2), Math.floor(good.length / 3)]) {
      const bad = Buffer.from(good)
      bad[at]! ^= 1
      writeFileSync(path, bad)
      await expect(restore()).rejects.toMatchObject({ code: 'backup-invalid' })
    }
    writeFileSync(path, good.subarray(0, -200))
    await expect(restore()).rejects.toMatchObject({ code: 'backup-invalid' })
    writeFileSync(path, good)
    appendFileSync(path, '{}\n')
    await expect(restore()).rejects.toMatchObject({ code: 'backup-invalid' })
    expect(branch.pos.head().seq).toBe(head)
    writeFileSync(path, good)
    expect(await restore()).toMatchObject({ totalRestored: 30 })
  })

  test('an unknown entry is not found, nor is a path', async () => {
    await filled()
    for (const entryId of ['nope', '../../x', '']) {
      expect(() => branch.archives.getHistory(entryId)).toThrow(
        expect.objectContaining({ code: 'history-entry-not-found' }),
      )
    }
  })
})

describe('reset', () => {
  test('daily: transaction tables only, never while a shift is open or events are unsent; numbers go on', async () => {
    let unsent = true
    await filled({ hasUnsentEvents: () => unsent })
    await branch.write('insert', 'order_header', { statusId: 'open' })
    await branch.write('insert', 'pos_shift', { id: 's2' })
    const daily = (): ReturnType<TestBranch['archives']['reset']> =>
      branch.archives.reset({ scope: 'transactions', reason: 'daily-reset' })
    await expect(daily()).rejects.toMatchObject({ code: 'shift-open' })
    await branch.write('merge', 'pos_shift', { id: 's2', isClosed: true })
    await expect(daily()).rejects.toMatchObject({ code: 'concurrency-conflict' })
    unsent = false
    const before = branch.contents()
    const result = await daily()
    expect(result.historyEntry).toMatchObject({ totalRecords: 63 })
    expect(branch.pos.count('order_header')).toBe(0)
    expect(branch.pos.count('employees')).toBe(1)
    expect(branch.snapshots.list()).toMatchObject([{ reason: 'reset', records: 64 }])
    await branch.write('insert', 'order_header', { statusId: 'open' })
    expect(branch.pos.find('order_header', 'POS-000002')).toBeDefined()
    await branch.archives.restoreHistory({ entryId: result.historyEntry!.id, mode: 'append' })
    expect(branch.contents().order_line).toEqual(before.order_line)
  })

  test('all: archives everything and loads the seeds again, with versions that go on', async () => {
    await filled({ seeds: { employees: [{ id: 'seed', name: 'First', code: 'S' }] } })
    await branch.write('merge', 'employees', { id: 'seed', name: 'Changed' })
    const { epoch } = branch.pos.head()
    const result = await branch.archives.reset({ scope: 'all', reason: 'module-reset', requestedBy: 'm' })
    expect(result.event).toMatchObject({ action: 'module:reset', epoch, seq: result.version })
    expect(branch.context.state.totalCount()).toBe(1)
    expect(JSON.parse(branch.pos.find('employees', 'seed')!.text)).toMatchObject({ name: 'First', version: 3 })
    expect(branch.context.state.row.snapshotFloor).toBe(result.version)
  })
})
