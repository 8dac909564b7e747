import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '../../../src-shared/errors.ts'
import { silentLog } from '../../lib/log.ts'
import { TEST_RULES, TestBranch, type TestBranchOptions, TestClock, temporaryFolder } from '../archive/test-branch.ts'
import { parseRule } from '../sequences/rules.ts'
import { SequenceMarks } from '../sequences/sequence-marks.ts'
import { SystemDatabase } from '../sqlite/system-database.ts'
import { type BackupOptions, BranchBackups } from './branch-backups.ts'
import type { BranchSwitch } from './restore-branch.ts'
import { finishInterruptedRestore } from './swap-folders.ts'

/** For tests: a data root with one or more branches, as the store would run it. */
export class TestDataRoot implements BranchSwitch {
  readonly dataDir: string
  readonly clock = new TestClock()
  readonly database: SystemDatabase
  readonly open = new Map<string, TestBranch>()
  readonly backups: BranchBackups
  readonly closedFor: AppError[] = []
  /** Called instead of opening a branch again. */
  onReopen: ((branchId: string) => void) | undefined
  branchOptions: Partial<TestBranchOptions> = {}
  readonly #branchIds: string[]

  constructor(options: { dataDir?: string; branchIds?: string[] } & Partial<BackupOptions> = {}) {
    const { dataDir, branchIds, ...rest } = options
    this.dataDir = dataDir ?? temporaryFolder()
    this.#branchIds = branchIds ?? ['dar']
    mkdirSync(join(this.dataDir, 'schemas'), { recursive: true })
    if (!existsSync(join(this.dataDir, 'modules.json'))) {
      writeFileSync(join(this.dataDir, 'modules.json'), '{"modules":{}}\n')
      writeFileSync(join(this.dataDir, 'schemas', 'pos_schema.json'), '{}\n')
    }
    this.database = SystemDatabase.open(join(this.dataDir, 'system.db'))
    this.backups = new BranchBackups({
      dataDir: this.dataDir,
      database: this.database,
      branches: this,
      clock: this.clock,
      log: silentLog,
      version: '1.0.0',
      ...rest,
    })
    for (const branchId of this.#branchIds) this.openBranch(branchId)
  }

  branchFolder(branchId = 'dar'): string {
    return join(this.dataDir, 'branches', branchId)
  }

  openBranch(branchId: string): TestBranch {
    finishInterruptedRestore(this.branchFolder(branchId))
    const branch = new TestBranch({
      ...this.branchOptions,
      branchId,
      folder: this.branchFolder(branchId),
      clock: this.clock,
      marks: new SequenceMarks(this.database, branchId),
    })
    this.open.set(branchId, branch)
    return branch
  }

  get(branchId = 'dar'): TestBranch {
    return this.open.get(branchId)!
  }

  branchIds(): string[] {
    return this.#branchIds
  }

  async closeBranch(branchId: string, reason: AppError): Promise<void> {
    this.closedFor.push(reason)
    const branch = this.open.get(branchId)
    this.open.delete(branchId)
    await branch?.branch.close(reason)
  }

  async reopenBranch(branchId: string): Promise<void> {
    this.onReopen?.(branchId)
    this.openBranch(branchId)
  }

  today(): string {
    return new Date(this.clock.ms).toISOString().slice(0, 10)
  }

  sequenceRules(): ReturnType<BranchSwitch['sequenceRules']> {
    const defaults = TEST_RULES.defaults as { pos: { order_header: { id: unknown } } }
    return [{ module: 'pos', table: 'order_header', field: 'id', rule: parseRule(defaults.pos.order_header.id) }]
  }

  async close(): Promise<void> {
    for (const branchId of [...this.open.keys()]) await this.closeBranch(branchId, new AppError('stopping', 'End.'))
    await this.backups.close()
    this.database.close()
  }
}
