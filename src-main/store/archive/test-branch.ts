import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JsonObject } from '../../../src-shared/json.ts'
import { silentLog } from '../../lib/log.ts'
import type { BranchOptions } from '../branch-store.ts'
import { OpenBranch } from '../branch-store.ts'
import { checkpointFile } from '../file-work/file-work.ts'
import type { HighWaterMarks } from '../sequences/sequence-book.ts'
import { ModuleSnapshotFiles } from '../snapshots/snapshot-files.ts'
import type { ModuleNotice, StoredEvent, WriteCommand } from '../types.ts'
import { ModuleArchives } from './module-archives.ts'

/** For tests: a branch on real files with a small point-of-sale schema. */
export const TEST_SCHEMA: JsonObject = {
  name: 'pos',
  schema: {
    name: 'pos',
    version: 1,
    tables: [
      table('order_header', 'transaction', [
        { name: 'statusId', columnName: 'status_id', type: 'string', index: true },
        { name: 'total', columnName: 'total', type: 'decimal', precision: 12, scale: 2 },
        { name: 'shiftId', columnName: 'shift_id', type: 'string', references: { table: 'pos_shift', column: 'id' } },
      ]),
      table('order_line', 'transaction', [
        {
          name: 'orderId',
          columnName: 'order_id',
          type: 'string',
          references: { table: 'order_header', column: 'id' },
        },
        { name: 'quantity', columnName: 'quantity', type: 'decimal', precision: 12, scale: 3 },
      ]),
      table('order_payment', 'transaction', [{ name: 'amount', columnName: 'amount', type: 'decimal', scale: 2 }]),
      table('pos_shift', 'transaction', [
        { name: 'isClosed', columnName: 'is_closed', type: 'boolean', defaultValue: false },
        { name: 'status', columnName: 'status', type: 'string', defaultValue: 'open' },
      ]),
      table('employees', 'master', [
        { name: 'name', columnName: 'name', type: 'string' },
        { name: 'code', columnName: 'code', type: 'string', unique: true },
        { name: 'pinCode', columnName: 'pin_code', type: 'string', secret: true },
      ]),
    ],
  },
}

function table(name: string, kind: string, fields: JsonObject[]): JsonObject {
  return { name, kind, fields: [{ name: 'id', columnName: 'id', type: 'string', primaryKey: true }, ...fields] }
}

export const TEST_RULES: JsonObject = {
  version: 1,
  defaults: { pos: { order_header: { id: { prefix: 'POS', start: 1, padding: 6 } } } },
  branches: {},
}

export class TestClock {
  ms = Date.parse('2026-03-10T09:00:00.000Z')
  now(): number {
    return this.ms
  }
}

export interface TestBranchOptions {
  folder?: string
  clock?: TestClock
  marks?: HighWaterMarks
  seeds?: JsonObject
  hasUnsentEvents?: () => boolean
  config?: Partial<BranchOptions['config']>
  schema?: JsonObject
  branchId?: string
}

export class TestBranch {
  readonly folder: string
  readonly clock: TestClock
  readonly branch: OpenBranch
  readonly archives: ModuleArchives
  readonly snapshots: ModuleSnapshotFiles
  readonly events: StoredEvent[] = []
  readonly notices: ModuleNotice[] = []

  constructor(options: TestBranchOptions = {}) {
    this.folder = options.folder ?? temporaryFolder()
    this.clock = options.clock ?? new TestClock()
    const { branchId = 'dar' } = options
    this.branch = new OpenBranch({
      branchId,
      config: {
        label: 'Dar',
        timeZone: 'Africa/Cairo',
        dayStart: '05:00',
        modules: ['pos'],
        legacyClients: false,
        openLan: false,
        dailyReset: false,
        ...options.config,
      },
      folder: this.folder,
      moduleFolder: (moduleId) => join(this.folder, 'modules', moduleId),
      modules: [{ moduleId: 'pos', schema: options.schema ?? TEST_SCHEMA, objects: ['settings'], secretFields: {} }],
      seeds: () => options.seeds,
      sequenceRules: TEST_RULES,
      lockedTables: new Set(),
      marks: options.marks ?? { raise: () => undefined },
      clock: this.clock,
      log: silentLog,
      serverId: 'ws-test',
      hooks: {
        onEvent: (event) => this.events.push(event),
        onNotice: (notice) => this.notices.push(notice),
        onCommit: () => undefined,
      },
      checkpointBeside: async (path) => checkpointFile(path),
      services: (context, reseed) => {
        const snapshots = new ModuleSnapshotFiles(context)
        const { hasUnsentEvents } = options
        return {
          snapshots,
          archives: new ModuleArchives(context, snapshots, { reseed, ...(hasUnsentEvents && { hasUnsentEvents }) }),
        }
      },
    })
    this.archives = this.pos.archives as ModuleArchives
    this.snapshots = this.pos.snapshots as ModuleSnapshotFiles
  }

  get pos(): ReturnType<OpenBranch['getModule']> {
    return this.branch.getModule('pos')
  }

  get context(): NonNullable<ReturnType<OpenBranch['findContext']>> {
    return this.branch.findContext('pos')!
  }

  async write(
    action: WriteCommand['operations'][number]['action'],
    name: string,
    ...records: JsonObject[]
  ): Promise<void> {
    const caller = { protocol: 2 as const, isLegacy: false }
    await Promise.all(
      records.map((record) =>
        this.pos.writeAsync({ operations: [{ action, table: name, record }], caller, source: 'test' }),
      ),
    )
  }

  /** Everything of the module's tables that a reader can tell apart, in order; without places and positions. */
  contents(): Record<string, { id: string; version: number; createdAt: string; updatedAt: string; doc: string }[]> {
    const { state } = this.context
    const all: ReturnType<TestBranch['contents']> = {}
    for (const name of state.definition.tables.keys()) {
      all[name] = [...state.records(name).batches(1000)].flat().map(({ n: _, seq: __, born: ___, ...row }) => row)
    }
    return all
  }

  async close(): Promise<void> {
    const { AppError } = await import('../../../src-shared/errors.ts')
    await this.branch.close(new AppError('stopping', 'The test ends.'))
  }
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mishkah-store-'))
  folders.push(folder)
  return folder
}

const folders: string[] = []

export function removeTemporaryFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
}
