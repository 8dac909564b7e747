import { existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { isAppError } from '../../src-shared/errors.ts'
import type { JsonObject } from '../../src-shared/json.ts'
import type { WriteAction } from '../../src-shared/protocol/records.ts'
import { silentLog } from '../lib/log.ts'
import type { ModuleStore } from './api.ts'
import type { ModuleContext } from './branch-context.ts'
import { DataStore } from './open-store.ts'
import type { TableDefinition } from './schema/definition.ts'
import { SqliteConnection } from './sqlite/connection.ts'
import { decimalColumnName } from './sqlite/identifiers.ts'
import { rowChecksum } from './sqlite/record-table.ts'
import type { Caller, ModuleNotice, OperationResult, StoredEvent, WriteCommand, WriteResult } from './types.ts'

/** The tracked default data set. */
export const DEFAULTS_DIR = join(import.meta.dirname, '../../data')

/** Longer loops, for `MISHKAH_TORTURE=1`. */
export const isTorture = process.env.MISHKAH_TORTURE === '1'

export const DECLARED: Caller = { protocol: 2, isLegacy: false }
export const LEGACY: Caller = { protocol: 1, isLegacy: true }

/** In memory where the system has room there: these tests commit thousands of times, and none pulls a plug. */
const TEMPORARY = roomIn('/dev/shm') > 2 ** 30 ? '/dev/shm' : tmpdir()

function roomIn(folder: string): number {
  if (!existsSync(folder)) return 0
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

export class TestClock {
  ms = Date.parse('2026-03-10T09:00:00.000Z')

  now(): number {
    return this.ms
  }

  set(time: string): void {
    this.ms = Date.parse(time)
  }
}

export interface TestStoreOptions {
  clock?: TestClock
  /** An existing data folder, which is left alone afterwards. */
  dataDir?: string
  /** Files that are put into the folder before it is opened; with a branches.config.json no default is added. */
  files?: Record<string, JsonObject>
  legacyClients?: boolean
}

/** A store on real files in a temporary folder; both are gone when the test ends. */
export async function openTestStore(options: TestStoreOptions = {}): Promise<TestStore> {
  const dataDir = options.dataDir ?? temporaryFolder()
  for (const [file, content] of Object.entries(options.files ?? {})) {
    const path = join(dataDir, file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, JSON.stringify(content))
  }
  const test = new TestStore(dataDir, options)
  onTestFinished(() => test.close())
  await test.store.open()
  return test
}

/** One branch, `dar`, on the small schema below: quick to open. */
export function openShop(options: TestStoreOptions & { shop?: ShopOptions } = {}): Promise<TestStore> {
  return openTestStore({ ...options, files: { ...shopFiles(options.shop), ...options.files } })
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(TEMPORARY, 'mishkah-store-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  return folder
}

export class TestStore {
  readonly dataDir: string
  readonly clock: TestClock
  readonly events: StoredEvent[] = []
  readonly notices: ModuleNotice[] = []
  store: DataStore
  readonly #options: TestStoreOptions

  constructor(dataDir: string, options: TestStoreOptions) {
    this.dataDir = dataDir
    this.#options = options
    this.clock = options.clock ?? new TestClock()
    this.store = this.#make()
  }

  /** The only module of a branch. */
  module(branchId = 'dar', moduleId?: string): ModuleStore {
    return this.store.getBranch(branchId).getModule(moduleId)
  }

  context(branchId = 'dar', moduleId?: string): ModuleContext {
    return this.store.getBranch(branchId).findContext(moduleId ?? this.module(branchId).moduleId)!
  }

  /** A second connection to a branch's database, closed with the test. */
  openDatabase(branchId = 'dar'): SqliteConnection {
    const connection = SqliteConnection.open(this.databasePath(branchId))
    onTestFinished(() => connection.close())
    return connection
  }

  databasePath(branchId = 'dar'): string {
    return join(this.store.files.branchFolder(branchId), 'sqlite', 'branch.db')
  }

  /** Writes one record as a client of protocol 2 and returns its result. */
  async write(action: WriteAction, table: string, record: JsonObject, extra: CommandExtra = {}): Promise<Written> {
    return only(await this.module().writeAsync(command(action, table, record, extra)))
  }

  /** The code of the refusal of a write. */
  async refusal(action: WriteAction, table: string, record: JsonObject, extra: CommandExtra = {}): Promise<string> {
    return codeOf(this.module().writeAsync(command(action, table, record, extra)))
  }

  /** Closes the store as at the end of the process and opens the folder again. */
  async reopen(): Promise<void> {
    await this.store.close()
    this.store = this.#make()
    await this.store.open()
  }

  close(): Promise<void> {
    return this.store.close()
  }

  #make(): DataStore {
    const { legacyClients = false } = this.#options
    const { dataDir, clock } = this
    const store = new DataStore({ dataDir, defaultsDir: DEFAULTS_DIR, log: silentLog, clock, legacyClients })
    store.onEvent((event) => this.events.push(event))
    store.onNotice((notice) => this.notices.push(notice))
    return store
  }
}

/** A result with the stored record, parsed. */
export type Written = OperationResult & { record: JsonObject; isReplay: boolean }

export type CommandExtra = Partial<Omit<WriteCommand, 'operations'>> & { ifMatch?: string; eventId?: string }

export function command(
  action: WriteAction,
  table: string,
  record: JsonObject,
  extra: CommandExtra = {},
): WriteCommand {
  const { ifMatch, eventId, ...rest } = extra
  const operation = { action, table, record, ...(ifMatch && { ifMatch }), ...(eventId && { eventId }) }
  return { operations: [operation], caller: DECLARED, source: 'test', ...rest }
}

export function only(result: WriteResult): Written {
  const [first] = result.results
  return { ...first!, record: JSON.parse(first!.recordText) as JsonObject, isReplay: result.isReplay }
}

/** The code of what a promise is refused with; `none` when it is kept. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'none'
  } catch (error) {
    return isAppError(error) ? error.code : String(error)
  }
}

/** The code of what a call throws; `none` when it throws nothing. */
export function thrownCode(call: () => unknown): string {
  try {
    call()
    return 'none'
  } catch (error) {
    return isAppError(error) ? error.code : String(error)
  }
}

/** Random numbers that a seed repeats (mulberry32). */
export class SeededRandom {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!
  }
}

/** Every stored row of a module with all that a reader can tell apart; secret fields included. */
export function dumpTables(context: ModuleContext): Record<string, JsonObject[]> {
  const dump: Record<string, JsonObject[]> = {}
  for (const name of context.state.definition.tables.keys()) {
    dump[name] = [...context.state.records(name).batches(1000)]
      .flat()
      .map(({ doc, ...row }) => ({ ...row, doc: JSON.parse(doc) as JsonObject }))
  }
  return dump
}

export function snapshotTables(module: ModuleStore): Record<string, JsonObject[] | JsonObject> {
  return Object.fromEntries(
    module.snapshot().tables.map(({ name, isSingleton, chunks }) => {
      const text = chunks.map((chunk) => chunk.toString('utf8')).join(',')
      return [name, JSON.parse(isSingleton ? text : `[${text}]`)]
    }),
  )
}

/** Public records of a module in order of creation, read page by page. */
export function listAll(module: ModuleStore, table: string): JsonObject[] {
  const records: JsonObject[] = []
  let next: string | undefined
  do {
    const page = module.list(table, { limit: 500, ...(next !== undefined && { next }) })
    records.push(...page.recordTexts.map((text) => JSON.parse(text) as JsonObject))
    next = page.next
  } while (next !== undefined)
  return records
}

/**
 * What must hold of a module at any moment: contiguous events with a whole chain, rows that fit their check value and
 * their own document, counters and snapshot equal to the tables. Throws with everything that does not.
 */
export function checkModule(context: ModuleContext, module: ModuleStore): void {
  module.verifyChain()
  const snapshot = snapshotTables(module)
  const problems = checkPositions(context)
  for (const table of context.state.definition.tables.values()) {
    problems.push(...checkRows(context, module, table))
    if (table.snapshot.window || table.snapshot.keep) continue
    const listed = listAll(module, table.name)
    const expected = table.isSingleton ? (listed[0] ?? {}) : listed
    if (JSON.stringify(snapshot[table.name]) !== JSON.stringify(expected)) {
      problems.push(`${table.name}: the snapshot is another one`)
    }
  }
  if (problems.length > 0) throw new Error(`${module.moduleId}: ${problems.join('; ')}`)
}

function checkPositions({ state }: ModuleContext): string[] {
  const problems: string[] = []
  let seq = state.row.trimmedSeq
  for (let rows = state.events.readAfter(seq, 1000); rows.length > 0; rows = state.events.readAfter(seq, 1000)) {
    for (const row of rows) if (row.seq !== ++seq) problems.push(`event ${row.seq} stands where ${seq} is due`)
  }
  if (seq !== state.head.seq) problems.push(`the head is ${state.head.seq}, the last event ${seq}`)
  return problems
}

function checkRows(context: ModuleContext, module: ModuleStore, table: TableDefinition): string[] {
  const { name } = table
  const problems: string[] = []
  const records = context.state.records(name)
  const rows = [...records.batches(1000)].flat()
  if (module.count(name) !== rows.length) problems.push(`${name} counts ${module.count(name)} and holds ${rows.length}`)
  for (const row of rows) {
    const columns = records.statement('SELECT * FROM %t WHERE n = ?').get(row.n) as Record<string, number>
    const decimals = table.decimalFields.map((field) => columns[decimalColumnName(field.name)]!)
    if (columns.checksum !== rowChecksum(row, decimals)) problems.push(`${name} ${row.id}: checksum`)
    const { version, createdAt, updatedAt } = JSON.parse(row.doc) as JsonObject
    if (version !== row.version || createdAt !== row.createdAt || updatedAt !== row.updatedAt) {
      problems.push(`${name} ${row.id}: the document differs from its row`)
    }
  }
  return problems
}

export interface ShopOptions {
  seeds?: JsonObject
  rules?: JsonObject
  schema?: JsonObject
  timeZone?: string
  secrets?: JsonObject
}

/** A data folder with one branch `dar` whose module `shop` runs on SHOP_SCHEMA. */
export function shopFiles(options: ShopOptions = {}): Record<string, JsonObject> {
  return {
    'branches.config.json': {
      branches: {
        dar: { label: 'Dar', timeZone: options.timeZone ?? 'Africa/Cairo', dayStart: '05:00', modules: ['shop'] },
      },
    },
    'modules.json': {
      modules: { shop: { label: 'Shop', schemaFallbackPath: 'data/schemas/shop.json', objects: ['settings'] } },
    },
    'schemas/shop.json': options.schema ?? SHOP_SCHEMA,
    'sequence-rules.json': options.rules ?? SHOP_RULES,
    ...(options.secrets && { 'security/secret_fields.json': options.secrets }),
    ...(options.seeds && {
      'branches/dar/modules/shop/seeds/initial.json': { tables: options.seeds },
    }),
  }
}

export const SHOP_RULES: JsonObject = {
  defaults: { shop: { ticket: { number: { prefix: 'T', padding: 6, counterField: 'counter' } } } },
}

/** Locking, aliases, decimals, a secret, a composite key, an integer key, translations and a snapshot window. */
export const SHOP_SCHEMA: JsonObject = {
  name: 'shop',
  schema: {
    name: 'shop',
    version: 1,
    tables: [
      shopTable('ticket', 'transaction', {
        locking: 'required',
        aliases: ['tickets', 'bills'],
        fields: [
          { name: 'number', columnName: 'ticket_number', type: 'string', index: true },
          { name: 'statusId', columnName: 'status_id', type: 'string', index: true, aliases: ['status'] },
          { name: 'total', columnName: 'total', type: 'decimal', precision: 15, scale: 2, aliases: ['totals.due'] },
          { name: 'note', columnName: 'note', type: 'text' },
        ],
      }),
      shopTable('line', 'transaction', {
        fields: [
          {
            name: 'ticketId',
            columnName: 'ticket_id',
            type: 'string',
            index: true,
            references: { table: 'ticket', column: 'id' },
          },
          {
            name: 'quantity',
            columnName: 'quantity',
            type: 'decimal',
            precision: 15,
            scale: 3,
            defaultValue: 1,
            aliases: ['qty', 'amount'],
          },
          { name: 'isGift', columnName: 'is_gift', type: 'boolean' },
          { name: 'place', columnName: 'place', type: 'integer' },
        ],
      }),
      shopTable('staff', 'master', {
        fields: [
          { name: 'name', columnName: 'full_name', type: 'string', maxLength: 40 },
          { name: 'code', columnName: 'code', type: 'string', unique: true },
          { name: 'pinCode', columnName: 'pin_code', type: 'string', secret: true, aliases: ['pin'] },
        ],
      }),
      {
        name: 'payment',
        kind: 'transaction',
        fields: [
          { name: 'id', columnName: 'id', type: 'integer', primaryKey: true },
          { name: 'amount', columnName: 'amount', type: 'decimal', precision: 15, scale: 2 },
        ],
      },
      {
        name: 'seat',
        kind: 'master',
        fields: [
          { name: 'room', columnName: 'room', type: 'string', primaryKey: true },
          { name: 'place', columnName: 'place', type: 'integer', primaryKey: true },
          { name: 'label', columnName: 'label', type: 'string' },
        ],
      },
      {
        name: 'line_tag',
        kind: 'master',
        fields: [
          { name: 'line', columnName: 'line', type: 'string', primaryKey: true },
          { name: 'tag', columnName: 'tag', type: 'string', primaryKey: true },
          { name: 'label', columnName: 'label', type: 'string' },
        ],
      },
      shopTable('item', 'master', {
        fields: [
          { name: 'name', columnName: 'name', type: 'string' },
          { name: 'price', columnName: 'price', type: 'decimal', precision: 15, scale: 2 },
        ],
      }),
      shopTable('item_lang', 'master', {
        fields: [
          { name: 'itemId', columnName: 'item_id', type: 'string' },
          { name: 'lang', columnName: 'lang', type: 'string' },
          { name: 'name', columnName: 'name', type: 'string' },
        ],
      }),
    ],
  },
}

function shopTable(name: string, kind: string, rest: JsonObject & { fields: JsonObject[] }): JsonObject {
  const id = { name: 'id', columnName: `${name}_id`, type: 'string', primaryKey: true }
  return { name, kind, ...rest, fields: [id, ...rest.fields] }
}
