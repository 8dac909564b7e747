import { closeSync, openSync, writeSync } from 'node:fs'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { type ErrorCode, isAppError } from '../../../src-shared/errors.ts'
import type { JsonObject } from '../../../src-shared/json.ts'
import { CHAIN_START, chainHash, eventLineHead } from '../events/event-line.ts'
import { SqliteConnection, type Statement } from '../sqlite/connection.ts'
import { checkModule, command, DECLARED, isTorture, listAll, openShop, type TestStore } from '../test-support.ts'
import type { WriteCommand, WriteResult } from '../types.ts'

/**
 * In a group of 32 commands the n-th statement fails, for every n. The failures are SQLite's own: a limit of pages that
 * is reached, a trigger that aborts one statement, a trigger that rolls everything back (what SQLite does by itself after
 * a failed read or write of the disk), and a COMMIT that is refused.
 */

const GROUP = 32
const NO_LIMIT = 1_073_741_823

/** Called before each statement on branch.db. */
let onStatement: ((sql: string) => void) | undefined
/** What a trigger does, once, with the next statement that writes. */
let triggered: 'ABORT' | 'ROLLBACK' | undefined

beforeAll(() => {
  const { prepare } = SqliteConnection.prototype
  SqliteConnection.prototype.prepare = function (this: SqliteConnection, sql: string): Statement {
    const statement = prepare.call(this, sql)
    return this.path.endsWith('branch.db') ? watched(statement, sql) : statement
  }
  return () => {
    SqliteConnection.prototype.prepare = prepare
  }
})

afterEach(() => {
  onStatement = undefined
  triggered = undefined
})

function watched(statement: Statement, sql: string): Statement {
  const before = (): void => onStatement?.(sql)
  return new Proxy(statement, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      return (...parameters: unknown[]) => {
        if (name === 'run' || name === 'get' || name === 'all') before()
        return Reflect.apply(value, target, parameters)
      }
    },
  })
}

type Database = Statement['database']

interface Fault {
  strike(database: Database): void
  end(database: Database): void
  code: ErrorCode
  /** How many commands may be refused for it; all of them by default. */
  most?: number
}

const FAULTS: Record<string, Fault> = {
  'the disk is full': {
    code: 'disk-full',
    strike: (database) => {
      database.pragma(`max_page_count = ${database.pragma('page_count', { simple: true })}`)
    },
    end: (database) => {
      database.pragma(`max_page_count = ${NO_LIMIT}`)
    },
  },
  'a constraint refuses it': {
    code: 'validation-failed',
    most: 1,
    strike: () => {
      triggered = 'ABORT'
    },
    end: () => {
      triggered = undefined
    },
  },
  'everything is rolled back': {
    code: 'validation-failed',
    strike: () => {
      triggered = 'ROLLBACK'
    },
    end: () => {
      triggered = undefined
    },
  },
}

interface Outcome {
  sent: WriteCommand
  result?: WriteResult
  error?: unknown
}

/** The store, what was acknowledged, and how far the log was checked. */
class Bench {
  readonly shop: TestStore
  readonly database: Database
  /** Table and key of every acknowledged record, with its text. */
  readonly stored = new Map<string, string>()
  readonly numbers: number[] = []
  #round = 0
  #checkedSeq = 0
  #checkedHash = CHAIN_START

  constructor(shop: TestStore) {
    this.shop = shop
    const { connection } = shop.context().branch
    this.database = connection.prepare('SELECT 1').database
    this.database.function('strikes', { deterministic: false }, (kind: unknown) => {
      if (triggered !== kind) return 0
      triggered = undefined
      return 1
    })
    const tables = connection.prepare("SELECT name FROM main.sqlite_schema WHERE type = 'table'").all()
    for (const { name } of tables as { name: string }[]) {
      for (const action of ['INSERT', 'UPDATE', 'DELETE']) this.#addTriggers(name, action)
    }
  }

  #addTriggers(table: string, action: string): void {
    for (const kind of ['ABORT', 'ROLLBACK']) {
      this.database.exec(
        `CREATE TEMP TRIGGER "${table} ${action} ${kind}" BEFORE ${action} ON main."${table}" WHEN strikes('${kind}')
         BEGIN SELECT RAISE(${kind}, 'fault'); END`,
      )
    }
  }

  /** 32 commands: new tickets with numbers, lines, changes, removals, a batch, integer keys, two that are refused. */
  group(withRefused: boolean): WriteCommand[] {
    const round = ++this.#round
    const tickets = [...this.stored.keys()].filter((name) => name.startsWith('ticket/'))
    const commands: WriteCommand[] = []
    const add = (sent: WriteCommand): void => void commands.push({ ...sent, ...identity(round, commands.length) })
    for (let index = 0; index < 8; index++) add(command('insert', 'ticket', { total: index, note: 'n'.repeat(900) }))
    for (const name of tickets.slice(0, 3)) {
      const { id, version } = JSON.parse(this.stored.get(name)!) as JsonObject
      add(command('merge', 'ticket', { id: id!, version: version!, status: `s${round}` }))
    }
    for (const name of tickets.slice(3, 15)) add(command('delete', 'ticket', { id: name.slice('ticket/'.length) }))
    if (withRefused) {
      add(command('insert', 'ticket', { total: 'not money' }))
      add(command('merge', 'ticket', { id: 'absent', version: 1 }))
    }
    const [oldLine] = [...this.stored.keys()].filter((name) => name.startsWith('line/'))
    const batch: WriteCommand['operations'] = [
      { action: 'insert', table: 'line', record: { place: 1, qty: '1.5' } },
      { action: 'save', table: 'settings', record: { round } },
    ]
    if (oldLine) batch.push({ action: 'delete', table: 'line', record: { id: oldLine.slice('line/'.length) } })
    add({ operations: batch, caller: DECLARED, source: 'test' })
    add(command('insert', 'payment', { amount: '9.99' }))
    while (commands.length < GROUP) add(command('insert', 'ticket', { total: round, note: 'm'.repeat(900) }))
    return commands
  }

  /** Commands that keep the tables small. */
  surplus(): WriteCommand[] {
    const tickets = [...this.stored.keys()].filter((name) => name.startsWith('ticket/'))
    return tickets.slice(20).map((name) => command('delete', 'ticket', { id: name.slice('ticket/'.length) }))
  }

  async send(commands: WriteCommand[]): Promise<Outcome[]> {
    const module = this.shop.module()
    const outcomes = await Promise.all(
      commands.map((sent) =>
        module.writeAsync(sent).then(
          (result): Outcome => ({ sent, result }),
          (error: unknown): Outcome => ({ sent, error }),
        ),
      ),
    )
    for (const { result } of outcomes) if (result && !result.isReplay) this.#note(result)
    return outcomes
  }

  #note(result: WriteResult): void {
    for (const { outcome, table, recordRef, recordText } of result.results) {
      const name = `${table}/${recordRef.key}`
      if (outcome === 'deleted') this.stored.delete(name)
      else this.stored.set(name, recordText)
      const { counter } = JSON.parse(recordText) as JsonObject
      if (outcome === 'created' && typeof counter === 'number') this.numbers.push(counter)
    }
  }

  /** Acknowledged = stored, everywhere that it can be seen. */
  check(): void {
    const { shop } = this
    const module = shop.module()
    const context = shop.context()
    const listed = new Map<string, string>()
    for (const table of module.definition.tables.keys()) {
      for (const record of listAll(module, table))
        listed.set(`${table}/${keyOf(table, record)}`, JSON.stringify(record))
    }
    if (sorted(listed).join() !== sorted(this.stored).join()) expect(sorted(listed)).toEqual(sorted(this.stored))
    for (let rows = this.#newEvents(); rows.length > 0; rows = this.#newEvents()) {
      for (const row of rows) {
        const hash = chainHash(this.#checkedHash, eventLineHead(row, 'dar', 'shop'))
        expect([row.seq, row.hash]).toEqual([this.#checkedSeq + 1, hash])
        this.#checkedSeq = row.seq
        this.#checkedHash = hash
      }
    }
    expect(context.state.head).toMatchObject({ seq: this.#checkedSeq, hash: this.#checkedHash })
    expect(shop.events.at(-1)?.seq ?? 0).toBe(this.#checkedSeq)
    expect(shop.events.length).toBe(this.#checkedSeq)
    this.#checkNumbers()
    const tables = module.snapshot().tables.map(({ name, records }) => [name, records])
    expect(tables).toEqual(tables.map(([name]) => [name, module.count(String(name))]))
    expect(module.snapshot().meta.counter).toBe(this.stored.size)
  }

  /** Neither a hole nor a double. */
  #checkNumbers(): void {
    const last = this.shop.module().sequences.list()[0]?.last ?? 0
    const drawn = this.numbers.toSorted((left, right) => left - right)
    expect([drawn.length, drawn.at(-1) ?? 0, new Set(drawn).size]).toEqual([last, last, drawn.length])
  }

  #newEvents(): ReturnType<ReturnType<TestStore['context']>['state']['events']['readAfter']> {
    return this.shop.context().state.events.readAfter(this.#checkedSeq, 1000)
  }
}

function identity(round: number, index: number): Pick<WriteCommand, 'caller' | 'requestId'> {
  return { caller: { ...DECLARED, clientId: 'till' }, requestId: `${round}-${index}` }
}

function keyOf(table: string, record: JsonObject): string {
  return table === 'settings' ? 'settings' : String(record.id)
}

function sorted(map: ReadonlyMap<string, string>): string[] {
  return [...map].map(([name, text]) => `${name} ${text}`).sort()
}

function codes(outcomes: readonly Outcome[]): string[] {
  return outcomes.filter(({ error }) => error !== undefined).map(({ error }) => codesOf(error))
}

/** Runs a group whose n-th statement meets the fault; false when the group has fewer statements. */
async function runWithFault(bench: Bench, fault: Fault, n: number, withRefused: boolean): Promise<Outcome[] | false> {
  let count = 0
  onStatement = () => {
    if (++count === n) fault.strike(bench.database)
  }
  const outcomes = await bench.send(bench.group(withRefused))
  onStatement = undefined
  fault.end(bench.database)
  return count >= n && outcomes
}

const NEIGHBOURS = [
  { title: '', withRefused: false },
  { title: ', two of which are refused anyway', withRefused: true },
]

for (const [name, fault] of Object.entries(FAULTS)) {
  for (const { title, withRefused } of NEIGHBOURS) {
    const step = withRefused && !isTorture ? 3 : 1
    test(`[W7] ${name} at the n-th statement of 32 commands${title}, for every ${step === 1 ? '' : 'third '}n`, {
      timeout: 120_000,
    }, async () => {
      const bench = new Bench(await openShop())
      await bench.send(bench.group(false))
      let struck = 0
      let n = 1
      for (; ; n += step) {
        const outcomes = await runWithFault(bench, fault, n, withRefused)
        if (!outcomes) break
        const forTheFault = codes(outcomes).length - (withRefused ? 2 : 0)
        if (forTheFault > 0) struck++
        expect(forTheFault).toBeGreaterThanOrEqual(0)
        expect(forTheFault).toBeLessThanOrEqual(fault.most ?? GROUP)
        expect([...new Set(codes(outcomes)), fault.code]).toContain(fault.code)
        bench.check()
        const next = await bench.send([command('save', 'settings', { n }), ...bench.surplus()])
        expect(codes(next)).toEqual([])
      }
      bench.check()
      checkModule(bench.shop.context(), bench.shop.module())
      expect(struck).toBeGreaterThan(150 / step)
    })
  }
}

test('[W7] what was refused for a fault is carried out when it is sent again; what was acknowledged is answered again', async () => {
  const bench = new Bench(await openShop())
  for (const n of [40, 90, 150]) {
    let count = 0
    onStatement = () => {
      if (++count === n) FAULTS['the disk is full']!.strike(bench.database)
    }
    const group = bench.group(true)
    const first = await bench.send(group)
    onStatement = undefined
    FAULTS['the disk is full']!.end(bench.database)
    const again = await bench.send(group)
    const answers = again.map(({ result, error }) => (result ? (result.isReplay ? 'again' : 'now') : codesOf(error)))
    expect(answers).toEqual(
      first.map(({ result, error }) => (result ? 'again' : codesOf(error) === 'disk-full' ? 'now' : codesOf(error))),
    )
    bench.check()
  }
})

test('[W7] a COMMIT that fails refuses the whole group, and nothing of it is left in memory', async () => {
  const bench = new Bench(await openShop())
  bench.database.pragma('foreign_keys = ON')
  bench.database.exec(
    `CREATE TEMP TABLE parent (id INTEGER PRIMARY KEY);
     CREATE TEMP TABLE child (parent INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED);`,
  )
  for (const failures of [1, 2, 1, 2, 2, 2]) {
    let left = failures
    onStatement = (sql) => {
      // The constraint is checked at COMMIT and refuses it; the transaction stays open.
      if (sql === 'COMMIT' && left-- > 0) bench.database.exec('INSERT INTO child VALUES (1)')
    }
    const outcomes = await bench.send(bench.group(failures === 2))
    onStatement = undefined
    const isRefused = outcomes.every(({ error }) => error !== undefined)
    expect(isRefused || outcomes.every(({ error }) => error === undefined)).toBe(true)
    expect(bench.database.inTransaction).toBe(false)
    bench.check()
    expect(codes(await bench.send([command('insert', 'ticket', { total: failures })]))).toEqual([])
  }
  checkModule(bench.shop.context(), bench.shop.module())
})

test('a database that another program has locked refuses the group as busy, and the next one works', async () => {
  const bench = new Bench(await openShop())
  const other = bench.shop.openDatabase()
  bench.database.pragma('busy_timeout = 0')
  other.exec('BEGIN IMMEDIATE')
  expect(new Set(codes(await bench.send(bench.group(false))))).toEqual(new Set(['store-busy']))
  other.exec('ROLLBACK')
  expect(codes(await bench.send(bench.group(false)))).toEqual([])
  bench.check()
})

test('a damaged file stops the writing, says so, and is still read where it is whole', async () => {
  const shop = await openShop()
  await shop.write('insert', 'ticket', { id: 't1', total: 5 })
  for (let index = 0; index < 50; index++) await shop.write('insert', 'payment', { amount: index })
  const { connection } = shop.context().branch
  const find = connection.prepare("SELECT rootpage AS page FROM sqlite_schema WHERE name = 'shop/payment'")
  const { page } = find.get() as { page: number }
  const pageSize = Number(connection.pragma('page_size'))
  const path = shop.databasePath()
  await shop.close()
  const file = openSync(path, 'r+')
  writeSync(file, Buffer.alloc(pageSize, 0xff), 0, pageSize, (page - 1) * pageSize)
  closeSync(file)
  await shop.reopen()

  expect(await shop.refusal('insert', 'payment', { id: 99, amount: 1 })).toBe('store-corrupt')
  expect(await shop.refusal('insert', 'ticket', { id: 't2', total: 1 })).toBe('store-corrupt')
  expect(shop.module().find('ticket', 't1')?.version).toBe(1)
  expect(shop.store.figures.checks().find(({ name }) => name === 'database:dar')).toMatchObject({ ok: false })
})

function codesOf(error: unknown): string {
  return isAppError(error) ? error.code : String(error)
}
