import { cpSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { removeTemporaryFolders, temporaryFolder } from '../archive/test-branch.ts'
import { SqliteConnection } from '../sqlite/connection.ts'
import type { RestorePoint } from './restore-branch.ts'
import { CrashPoint, finishInterruptedRestore } from './swap-folders.ts'
import { TestDataRoot } from './test-data-root.ts'
import { verifyBranchDatabase } from './verify-branch.ts'

const roots: TestDataRoot[] = []
afterEach(async () => {
  for (const root of roots.splice(0)) await root.close()
  removeTemporaryFolders()
})

const BEFORE_SWAP: RestorePoint[] = ['copied', 'prepared', 'verified', 'closed', 'numbers-raised']
const IN_SWAP: RestorePoint[] = ['marker-written', 'live-moved', 'stage-moved', 'mirrors-moved', 'marker-removed']

/** A data root with a branch of 8 orders and a backup of its first 5; each test works on a copy. */
let template = ''
let backupId = ''
beforeAll(async () => {
  const root = new TestDataRoot()
  const add = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) await root.get().write('insert', 'order_header', { statusId: 'open' })
  }
  await add(5)
  backupId = (await root.backups.create({ reason: 'manual' })).backupId
  await add(3)
  await root.close()
  template = mkdtempSync(join(tmpdir(), 'mishkah-template-'))
  cpSync(root.dataDir, template, { recursive: true })
})
afterAll(() => rmSync(template, { recursive: true, force: true }))

function copyOfTemplate(): string {
  const dataDir = temporaryFolder()
  cpSync(template, dataDir, { recursive: true })
  return dataDir
}

/** A restore that fails at a point. */
async function failingRestore(
  point: RestorePoint,
  failure: () => Error,
): Promise<{ root: TestDataRoot; error: unknown }> {
  let isArmed = true
  const root = new TestDataRoot({
    dataDir: copyOfTemplate(),
    failAt: (reached) => {
      if (reached !== point || !isArmed) return
      isArmed = false
      throw failure()
    },
  })
  roots.push(root)
  root.clock.ms += 1000
  const error: unknown = await root.backups.restore({ backupId }).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ message: failure().message })
  return { root, error }
}

function expectWhole(root: TestDataRoot, data: 'old' | 'new'): void {
  const { pos } = root.get()
  expect(pos.head()).toMatchObject(data === 'old' ? { epoch: 1, seq: 8 } : { epoch: 2, seq: 5 })
  expect(pos.count('order_header')).toBe(data === 'old' ? 8 : 5)
  const connection = SqliteConnection.open(join(root.branchFolder(), 'sqlite/branch.db'), { readonly: true })
  expect(verifyBranchDatabase(connection, 'dar').modules).toHaveLength(1)
  connection.close()
  const left = readdirSync(root.branchFolder()).filter((name) => name.startsWith('staged-') || name === 'restore.json')
  expect(left).toEqual([])
}

async function expectNumbersGoOn(root: TestDataRoot): Promise<void> {
  await root.get().write('insert', 'order_header', { statusId: 'open' })
  const ids = root
    .get()
    .contents()
    .order_header!.map((row) => row.id)
  expect(Number(ids.at(-1)!.slice(4))).toBeGreaterThan(8)
  expect(new Set(ids).size).toBe(ids.length)
}

describe('a crash at', () => {
  for (const point of [...BEFORE_SWAP, ...IN_SWAP]) {
    const data = BEFORE_SWAP.includes(point) ? 'old' : 'new'
    test(`${point}: the next start has the ${data} data whole`, async () => {
      const { root } = await failingRestore(point, () => new CrashPoint(point))
      // The process is gone: whatever was open is closed, nothing was tidied up.
      await root.get()?.close()
      root.open.clear()
      root.openBranch('dar')
      expectWhole(root, data)
      expect(finishInterruptedRestore(root.branchFolder())).toBe('nothing')
      await expectNumbersGoOn(root)
      if (data === 'new') {
        const mirrors = readdirSync(join(root.branchFolder(), 'modules/pos/history/events'))
        expect(mirrors.some((name) => name.startsWith('superseded-'))).toBe(true)
      }
    })
  }

  test('any step of the finishing itself: it can be cut again and again', async () => {
    const { root } = await failingRestore('marker-written', () => new CrashPoint('cut'))
    const folder = root.branchFolder()
    const swap = readdirSync(folder)
    const staged = swap.find((name) => name.startsWith('staged-'))!
    renameSync(join(folder, 'sqlite'), join(folder, staged.replace('staged-', 'replaced-')))
    expect(finishInterruptedRestore(folder)).toBe('completed')
    root.openBranch('dar')
    expectWhole(root, 'new')
  })
})

describe('an error at', () => {
  for (const point of [...BEFORE_SWAP, ...IN_SWAP, 'reopened'] as RestorePoint[]) {
    test(`${point}: the old data is back in service at once`, async () => {
      const { root, error } = await failingRestore(point, () => new Error('no luck'))
      expect(error).toMatchObject({ message: 'no luck' })
      expectWhole(root, 'old')
      await expectNumbersGoOn(root)
    })
  }

  test('opening the restored data: the old data is put back', async () => {
    const root = new TestDataRoot({ dataDir: copyOfTemplate() })
    roots.push(root)
    root.clock.ms += 1000
    let attempts = 0
    root.onReopen = () => {
      if (++attempts === 1) throw new Error('the schema does not fit')
    }
    await expect(root.backups.restore({ backupId })).rejects.toThrow('the schema does not fit')
    expectWhole(root, 'old')
    expect(existsSync(join(root.branchFolder(), 'sqlite'))).toBe(true)
  })
})
