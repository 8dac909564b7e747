import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { JsonObject } from '../../../src-shared/json.ts'
import { removeTemporaryFolders, TestBranch } from '../archive/test-branch.ts'

let branch: TestBranch
afterEach(async () => {
  await branch.close()
  removeTemporaryFolders()
})

const fileOf = (id: string): string => join(branch.folder, 'modules/pos/history', `${id}.json`)

async function publicText(id: string): Promise<string> {
  let text = ''
  for await (const line of branch.snapshots.readPublicLines(id)) text += line
  return text
}

test('a snapshot shows one moment while writing goes on', async () => {
  branch = new TestBranch()
  for (let n = 1; n <= 1500; n++) {
    await Promise.all([
      branch.write('insert', 'order_header', { id: `o${n}`, total: 1 }),
      branch.write('insert', 'order_line', { id: `l${n}`, orderId: `o${n}` }),
    ])
    if (n === 600) break
  }
  let n = 600
  const writers: Promise<void>[] = []
  const taken = await branch.snapshots.take({
    name: 'Under writes',
    onProgress: () => {
      n++
      writers.push(
        branch.write('insert', 'order_header', { id: `o${n}` }),
        branch.write('insert', 'order_line', { id: `l${n}`, orderId: `o${n}` }),
        branch.write('merge', 'order_header', { id: 'o1', version: writers.length / 3 + 1, total: n }),
      )
    },
  })
  await Promise.all(writers)
  expect(writers.length).toBeGreaterThan(3)
  const document = JSON.parse(await publicText(taken.snapshotId)) as {
    tables: { records: JsonObject[] }[]
    seq: number
  }
  expect(document.tables.map((table) => table.records.length)).toEqual([600, 600, 0, 0, 0, 0])
  expect(document.tables[0]!.records[0]).toMatchObject({ id: 'o1', version: 1, total: 1 })
  expect(taken).toMatchObject({ name: 'Under writes', reason: 'manual', records: 1200, seq: 1200, epoch: 1 })
  expect(branch.pos.count('order_header')).toBe(n)
})

test('restore puts every table back in one event of the same epoch, after a safety snapshot', async () => {
  branch = new TestBranch()
  await branch.write('insert', 'employees', { id: 'a', name: 'A', code: '1', pinCode: '11' }, { id: 'b', code: '2' })
  await branch.write('insert', 'order_header', { id: 'o1', total: 5 })
  const before = branch.contents()
  const { snapshotId } = await branch.snapshots.take({ name: 'Morning' })
  const frozen = branch.contents()
  // The two codes change owners, one record goes, one comes, one changes.
  await branch.write('merge', 'employees', { id: 'a', code: 'x' })
  await branch.write('merge', 'employees', { id: 'b', code: '1' })
  await branch.write('merge', 'employees', { id: 'a', code: '2' })
  await branch.write('delete', 'order_header', { id: 'o1' })
  await branch.write('insert', 'order_line', { id: 'l1' })

  const head = branch.pos.head()
  const event = await branch.snapshots.restore(snapshotId, { requestedBy: 'm' })
  expect(event).toMatchObject({ action: 'module:restore', seq: head.seq + 1, epoch: head.epoch })
  expect(branch.context.state.row.snapshotFloor).toBe(event.seq)
  expect(branch.contents().order_header).toEqual(before.order_header)
  expect(branch.contents().order_line).toEqual([])
  const people = branch.contents().employees!.map((row) => JSON.parse(row.doc) as JsonObject)
  expect(people.map(({ version: _, ...rest }) => rest)).toEqual(
    frozen.employees!.map((row) => JSON.parse(row.doc) as JsonObject).map(({ version: _, ...rest }) => rest),
  )
  for (const person of people) expect(person.version).toBeGreaterThan(2)
  expect(branch.context.state.events.findTombstone('order_line', 'l1')).toMatchObject({ seq: event.seq, version: 1 })
  expect(branch.snapshots.list()).toMatchObject([{ name: 'before Morning', reason: 'restore' }, { name: 'Morning' }])
  expect(branch.pos.verifyChain().headHash).toBe(event.hash)
})

test('what leaves the server has no secrets, a checksum of its own, and cannot be put back', async () => {
  branch = new TestBranch()
  await branch.write('insert', 'employees', { id: 'a', name: 'A', pinCode: '4711' })
  const { snapshotId } = await branch.snapshots.take({})
  expect(readFileSync(fileOf(snapshotId), 'utf8')).toContain('4711')
  const text = await publicText(snapshotId)
  expect(text).not.toContain('4711')
  writeFileSync(fileOf(snapshotId), text)
  await expect(branch.snapshots.restore(snapshotId, {})).rejects.toMatchObject({ code: 'backup-invalid' })
  expect(await publicText(snapshotId)).toBe(text)
})

test('unknown, foreign and damaged snapshots are refused; removed ones are gone', async () => {
  branch = new TestBranch()
  await branch.write('insert', 'order_header', { id: 'o1' })
  const { snapshotId } = await branch.snapshots.take({})
  for (const id of ['nope', '../../../x', '']) {
    expect(() => branch.snapshots.get(id)).toThrow(expect.objectContaining({ code: 'snapshot-not-found' }))
  }
  const text = readFileSync(fileOf(snapshotId), 'utf8')
  copyFileSync(fileOf(snapshotId), fileOf('damaged'))
  writeFileSync(fileOf('damaged'), text.replace('"o1"', '"o2"'))
  await expect(branch.snapshots.restore('damaged', {})).rejects.toMatchObject({ code: 'backup-invalid' })
  const other = new TestBranch({ branchId: 'remal' })
  copyFileSync(fileOf(snapshotId), join(other.folder, 'modules/pos/history', 'x.json').replace('/x.json', '.json'))
  await other.close()
  branch.snapshots.remove(snapshotId)
  expect(branch.snapshots.list().map((entry) => entry.snapshotId)).toEqual(['damaged'])
})
