import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { removeTemporaryFolders, temporaryFolder } from '../archive/test-branch.ts'
import { SqliteConnection } from '../sqlite/connection.ts'
import { TestDataRoot } from './test-data-root.ts'
import { verifyBranchDatabase } from './verify-branch.ts'

const roots: TestDataRoot[] = []
afterEach(async () => {
  for (const root of roots.splice(0)) await root.close()
  removeTemporaryFolders()
})

function openRoot(options: ConstructorParameters<typeof TestDataRoot>[0] = {}): TestDataRoot {
  const root = new TestDataRoot(options)
  roots.push(root)
  return root
}

async function orders(root: TestDataRoot, count: number, branchId = 'dar'): Promise<void> {
  for (let n = 0; n < count; n++)
    await root.get(branchId).write('insert', 'order_header', { statusId: 'open', total: n })
}

const idsOf = (root: TestDataRoot): string[] =>
  root
    .get()
    .contents()
    .order_header!.map((row) => row.id)

describe('create', () => {
  test('a backup is a whole copy, checked, with a manifest; nothing else lies about', async () => {
    const root = openRoot({ branchIds: ['dar', 'remal'] })
    await orders(root, 20)
    await root.get().write('insert', 'employees', { id: 'e1', name: 'Mona', pinCode: '1234' })
    const steps = new Set<string>()
    const made = await root.backups.create({
      reason: 'manual',
      note: ' weekly ',
      onProgress: (step) => steps.add(step),
    })
    expect(made).toMatchObject({
      note: 'weekly',
      isVerified: true,
      branches: [
        { branchId: 'dar', modules: [{ moduleId: 'pos', epoch: 1, seq: 21, records: 21 }] },
        { branchId: 'remal', modules: [{ moduleId: 'pos', epoch: 1, seq: 0, records: 0 }] },
      ],
    })
    expect([...steps]).toContain('copying')
    expect(root.backups.list()).toEqual([made])
    const files = readdirSync(made.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    expect(files.map((entry) => entry.name).sort()).toEqual(
      ['branch.db', 'branch.db', 'manifest.json', 'modules.json', 'pos_schema.json', 'system.db'].sort(),
    )
    const manifest = JSON.parse(readFileSync(join(made.folder, 'manifest.json'), 'utf8'))
    expect(manifest).toMatchObject({
      product: 'mishkah-branch-server',
      version: '1.0.0',
      checksum: expect.stringMatching(/^sha256:/),
    })
    if (process.platform !== 'win32') {
      expect(statSync(join(made.folder, 'branches/dar/sqlite/branch.db')).mode & 0o777).toBe(0o600)
    }
  })

  test('the copy shows one moment while writing goes on, and its marks cover its numbers', async () => {
    const root = openRoot()
    await orders(root, 50)
    let isCopying = true
    const writing = (async () => {
      while (isCopying) await orders(root, 5)
    })()
    const made = await root.backups.create({ reason: 'manual' })
    isCopying = false
    await writing
    const copy = SqliteConnection.open(join(made.folder, 'branches/dar/sqlite/branch.db'), { readonly: true })
    const figures = verifyBranchDatabase(copy, 'dar')
    copy.close()
    const { seq, records } = made.branches[0]!.modules[0]!
    expect(seq).toBeGreaterThanOrEqual(50)
    expect(records).toBe(seq)
    expect(figures.modules[0]).toMatchObject({ seq, records })
    const { branches } = JSON.parse(readFileSync(join(made.folder, 'manifest.json'), 'utf8'))
    expect(branches[0].marks[0].value).toBeGreaterThanOrEqual(figures.sequences[0]!.last)
    const event = root.get().context.state.events.findBySeq(seq)
    expect(event?.hash).toBe(figures.modules[0]!.headHash)
  })

  test('an interrupted one never counts and is swept away by the next', async () => {
    for (const point of ['copied', 'verified', 'manifest-written'] as const) {
      const root = openRoot({
        failBackupAt: (reached) => {
          if (reached === point) throw new Error('cut')
        },
      })
      await expect(root.backups.create({ reason: 'manual' })).rejects.toThrow('cut')
      expect(root.backups.list()).toEqual([])
      expect(readdirSync(root.backups.folder)).toEqual([])
    }
    const root = openRoot()
    const made = await root.backups.create({ reason: 'manual' })
    const left = `${made.folder.slice(0, -6)}abcdef.partial`
    cpSync(made.folder, left, { recursive: true })
    writeFileSync(
      join(left, 'partial.json'),
      JSON.stringify({ installationId: root.database.findSetting('installation-id') }),
    )
    const foreign = `${made.folder.slice(0, -6)}fedcba.partial`
    cpSync(made.folder, foreign, { recursive: true })
    expect(root.backups.list()).toHaveLength(1)
    root.clock.ms += 1000
    await root.backups.create({ reason: 'manual' })
    expect(existsSync(left)).toBe(false)
    expect(existsSync(foreign)).toBe(true)
  })

  test('a full disk is seen before anything is written; one backup at a time', async () => {
    const root = openRoot({ freeBytes: () => 1000 })
    await expect(root.backups.create({ reason: 'manual' })).rejects.toMatchObject({ code: 'disk-full' })
    expect(readdirSync(root.backups.folder)).toEqual([])
    const other = openRoot()
    const first = other.backups.create({ reason: 'manual' })
    await expect(other.backups.create({ reason: 'manual' })).rejects.toMatchObject({ code: 'task-running' })
    expect(await first).toMatchObject({ isVerified: true })
  })

  test('the manager names another folder, which is remembered; not inside the data, not a file', async () => {
    const root = openRoot()
    const folder = join(temporaryFolder(), 'stick')
    const made = await root.backups.create({ reason: 'manual', folder })
    expect(made.folder.startsWith(folder)).toBe(true)
    expect(root.backups.list()).toMatchObject([{ backupId: made.backupId }])
    writeFileSync(join(folder, 'file'), '')
    for (const bad of [
      'relative',
      join(root.dataDir, 'branches', 'x'),
      join(root.dataDir, 'branches'),
      join(folder, 'file'),
      // A place that refuses children: Node's recursive mkdir never comes back from it.
      ...(existsSync('/proc/self') ? ['/proc/no-such-place/backups'] : []),
    ]) {
      await expect(root.backups.create({ reason: 'manual', folder: bad })).rejects.toMatchObject({
        code: 'invalid-request',
      })
    }
    renameSync(folder, `${folder}-unplugged`)
    expect(root.backups.list()).toEqual([])
  })

  test('damaged data does not become a backup', async () => {
    const root = openRoot()
    await orders(root, 5)
    const { connection } = root.get().context.branch
    connection.exec(`UPDATE "pos/order_header" SET doc = replace(doc, '"total":3', '"total":4')`)
    await expect(root.backups.create({ reason: 'manual' })).rejects.toMatchObject({ code: 'store-corrupt' })
    connection.exec(`UPDATE "pos/order_header" SET doc = replace(doc, '"total":4', '"total":3') WHERE id LIKE '%4'`)
    expect(root.backups.list()).toEqual([])
  })
})

describe('restore', () => {
  test('gives exactly the moment of the backup in a new epoch, with numbers that go on', async () => {
    const root = openRoot()
    await orders(root, 10)
    await root.get().write('delete', 'order_header', { id: 'POS-000003', version: 1 })
    const contents = root.get().contents()
    const before = root.get().pos.head()
    const { backupId } = await root.backups.create({ reason: 'manual' })
    await orders(root, 7)
    root.clock.ms += 60_000
    const lost = root.get().pos.head()

    const proof = await root.backups.restore({ backupId })
    expect(proof).toMatchObject({
      backupId,
      branches: [
        {
          branchId: 'dar',
          modules: [
            {
              before: { epoch: 1, seq: lost.seq, records: 16 },
              after: { epoch: 2, seq: before.seq, records: 9 },
            },
          ],
        },
      ],
    })
    expect(root.closedFor[0]).toMatchObject({ code: 'restoring' })
    expect(root.get().contents()).toEqual(contents)
    expect(root.get().pos.head()).toMatchObject({ epoch: 2, seq: before.seq, lastEventId: before.lastEventId })
    const { row } = root.get().context.state
    expect(row).toMatchObject({ epoch: 2, baseSeq: before.seq, snapshotFloor: before.seq, liveFrom: before.seq + 1 })

    // Cursors from the lost future and from before both read anew; no number comes twice.
    expect(root.get().pos.delta({ cursor: { epoch: 1, seq: lost.seq } })).toMatchObject({ reason: 'epoch-changed' })
    expect(root.get().pos.delta({ cursor: { epoch: 2, seq: before.seq - 1 } })).toMatchObject({
      reason: 'snapshot-floor',
    })
    const { next } = proof.sequences[0]!
    expect(next).toBeGreaterThan(17)
    await orders(root, 1)
    expect(idsOf(root).at(-1)).toBe(`POS-${String(next).padStart(6, '0')}`)
    expect(root.get().pos.sequences.gaps({}).gaps).toMatchObject([{ from: 11, to: next - 1, reason: 'restore' }])
    expect(root.get().pos.verifyChain().events).toBe(before.seq + 1)

    // The way back: the safety backup holds the lost future.
    const safety = root.backups.list().find((backup) => backup.reason === 'before-restore')!
    expect(safety.backupId).toBe(proof.safetyBackupId)
    root.clock.ms += 60_000
    const back = await root.backups.restore({ backupId: safety.backupId, branchId: 'dar' })
    expect(back.branches[0]!.modules[0]!.after).toMatchObject({ epoch: 3, seq: lost.seq, records: 16 })
    await orders(root, 1)
    expect(new Set(idsOf(root)).size).toBe(17)
    expect(Number(idsOf(root).at(-1)!.slice(4))).toBeGreaterThan(next)
    for (let n = 0; n < 3; n++) {
      root.clock.ms += 60_000
      await root.backups.restore({ backupId })
    }
    const folders = readdirSync(root.branchFolder())
    expect(folders.filter((name) => name.startsWith('replaced-'))).toHaveLength(2)
    expect(folders.filter((name) => name.startsWith('staged-') || name === 'restore.json')).toEqual([])
  })

  test('only the branch that was asked for', async () => {
    const root = openRoot({ branchIds: ['dar', 'remal'] })
    await orders(root, 3)
    await orders(root, 3, 'remal')
    const { backupId } = await root.backups.create({ reason: 'manual' })
    await orders(root, 2)
    await orders(root, 2, 'remal')
    await root.backups.restore({ backupId, branchId: 'remal' })
    expect([root.get('dar').pos.count('order_header'), root.get('remal').pos.count('order_header')]).toEqual([5, 3])
    await expect(root.backups.restore({ backupId, branchId: 'nope' })).rejects.toMatchObject({
      code: 'branch-not-found',
    })
  })

  test('a changed, foreign, newer or missing backup is refused and nothing is touched', async () => {
    const root = openRoot()
    await orders(root, 5)
    const { backupId, folder } = await root.backups.create({ reason: 'manual' })
    const contents = root.get().contents()
    const refused = async (code: string): Promise<void> => {
      await expect(root.backups.restore({ backupId })).rejects.toMatchObject({ code })
      expect(root.get().contents()).toEqual(contents)
      expect(root.closedFor).toEqual([])
    }
    const database = join(folder, 'branches/dar/sqlite/branch.db')
    const good = readFileSync(database)
    const bad = Buffer.from(good)
    bad[Math.floor(bad.length / 2)]! ^= 4
    writeFileSync(database, bad)
    await refused('backup-invalid')
    writeFileSync(database, good.subarray(0, good.length - 4096))
    await refused('backup-invalid')
    expect(root.backups.list()[0]).toMatchObject({ isVerified: false, problem: expect.stringContaining('branch.db') })
    rmSync(database)
    await refused('backup-invalid')
    writeFileSync(database, good)

    const path = join(folder, 'manifest.json')
    const manifest = readFileSync(path, 'utf8')
    writeFileSync(path, manifest.replace('"seq": 5', '"seq": 6'))
    await refused('backup-invalid')
    rmSync(path)
    await refused('backup-invalid')
    writeFileSync(path, manifest)
    await expect(root.backups.restore({ backupId: '../../x' })).rejects.toMatchObject({ code: 'backup-not-found' })
    const other = openRoot({ branchIds: ['elsewhere'] })
    mkdirSync(other.backups.folder, { recursive: true })
    cpSync(folder, join(other.backups.folder, backupId), { recursive: true })
    await expect(other.backups.restore({ backupId })).rejects.toMatchObject({ code: 'branch-not-found' })
  })

  test('on another machine, where nobody knows what was handed out since, numbers skip ahead', async () => {
    const root = openRoot()
    await orders(root, 10)
    const { backupId, folder } = await root.backups.create({ reason: 'manual' })
    const other = openRoot()
    other.clock.ms += 86_400_000
    await orders(other, 2)
    mkdirSync(other.backups.folder, { recursive: true })
    cpSync(folder, join(other.backups.folder, backupId), { recursive: true })
    const proof = await other.backups.restore({ backupId })
    expect(proof.sequences).toMatchObject([{ field: 'id', next: 10_101 }])
    expect(other.get().pos.count('order_header')).toBe(10)
  })

  test('a damaged live database is replaced too, and kept', async () => {
    const root = openRoot()
    await orders(root, 30)
    const { backupId } = await root.backups.create({ reason: 'manual' })
    await root.get().close()
    root.open.clear()
    const database = join(root.branchFolder(), 'sqlite/branch.db')
    const bytes = readFileSync(database)
    bytes.fill(0x5a, 4096, 20_000)
    writeFileSync(database, bytes)
    copyFileSync(database, `${database}.copy`)
    const proof = await root.backups.restore({ backupId })
    expect(proof.safetyBackupId).toMatch(/^replaced-/)
    expect(root.get().pos.count('order_header')).toBe(30)
    expect(existsSync(join(root.branchFolder(), proof.safetyBackupId, 'branch.db'))).toBe(true)
  })
})
