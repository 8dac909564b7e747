import { isJsonObject, type JsonObject } from '../../src-shared/json.ts'
import type { WriteAction } from '../../src-shared/protocol/records.ts'
import type { ServerAck, ServerEvent, ServerFrame } from '../../src-shared/protocol/server-frames.ts'
import { copyRecord, isSameJson } from '../lib/json-copy.ts'
import { StoreError } from '../lib/store-error.ts'
import { TestClock } from './test-clock.ts'
import type { TestSocket } from './test-socket.ts'
import { type Place, TestTables } from './test-tables.ts'

export interface TestBranchOptions {
  /** `dar` when absent. */
  branchId?: string
  /** `pos` when absent. */
  moduleId?: string
  /** The records that are there from the start. */
  tables?: Readonly<Record<string, readonly object[]>>
  /** Keys and aliases of the tables are read from it; without it each table has the key `id`. */
  schema?: unknown
}

/**
 * One module of a branch in the memory of a test: it answers the sockets of `TestDevice` as the branch server does, with
 * snapshots, acks, events to every device, version conflicts and repeated requests. It checks no schema, draws no numbers
 * and reads no queries beside equality: for those let a test start the server itself.
 */
export class TestBranch {
  readonly clock = new TestClock()
  readonly branchId: string
  readonly moduleId: string
  readonly #tables: TestTables
  readonly #schema: unknown
  readonly #acks = new Map<string, { request: JsonObject; ack: ServerAck }>()
  /** Sockets that hear events. */
  readonly #listening = new Set<TestSocket>()
  readonly #refusals: StoreError[] = []

  constructor(options: TestBranchOptions = {}) {
    this.branchId = options.branchId ?? 'dar'
    this.moduleId = options.moduleId ?? 'pos'
    this.#schema = options.schema
    const place: Place = { branchId: this.branchId, moduleId: this.moduleId, now: () => this.clock.nowMs }
    this.#tables = new TestTables(place, options)
  }

  /** How many changes there were. */
  get position(): number {
    return this.#tables.position
  }

  list(table: string): JsonObject[] {
    return this.#tables.list(table).map(copyRecord)
  }

  find(table: string, key: string | number): JsonObject | undefined {
    const record = this.#tables.find(table, String(key))
    return record && copyRecord(record)
  }

  /**
   * Another device writes: every page hears of it.
   *
   * @throws StoreError as the server refuses: `record-exists`, `record-not-found`, `version-conflict`.
   */
  write(action: WriteAction, table: string, record: object): void {
    this.#broadcast(this.#tables.apply([{ action, table, record: copyRecord(record) }]))
  }

  /** The next write of a device is refused with this code of the error catalogue. */
  refuseNext(code: StoreError['code'], message: string = code, details: Record<string, unknown> = {}): void {
    this.#refusals.push(new StoreError(code, message, { details }))
  }

  /** Answers a socket from now on. Frames arrive later, as over a network, and in order. */
  connect(socket: TestSocket): void {
    const later = (run: () => void) => queueMicrotask(() => socket.isClosed || run())
    socket.onReceive = (frame) => later(() => this.#receive(socket, frame))
    later(() => socket.accept())
  }

  /** Answers what the SDK asks over REST: the tables and the schema of the module. */
  answer(url: string): Response {
    const { pathname } = new URL(url)
    const { branchId, moduleId } = this
    const schema = this.#schema
    if (pathname === `/api/branches/${branchId}/modules/${moduleId}`) {
      return Response.json({
        branchId,
        moduleId,
        version: this.position,
        tables: Object.fromEntries(this.#tables.all()),
      })
    }
    if (pathname === '/api/schema' && schema !== undefined)
      return Response.json({ modules: { [moduleId]: { schema } } })
    return Response.json({ error: 'not-found', message: `There is no ${pathname} here.` }, { status: 404 })
  }

  #receive(socket: TestSocket, frame: JsonObject): void {
    const requestId = typeof frame.requestId === 'string' ? frame.requestId : ''
    switch (frame.type) {
      case 'client:hello':
        this.#welcome(socket, frame, requestId)
        break
      case 'client:publish':
        this.#publish(socket, frame, requestId)
        break
      case 'client:request:snapshot':
        this.#sendSnapshot(socket, requestId)
        break
      case 'client:query':
        this.#query(socket, frame, requestId)
        break
      case 'ping':
        socket.say({ type: 'pong', requestId })
        break
    }
  }

  #welcome(socket: TestSocket, hello: JsonObject, requestId: string): void {
    if (hello.branchId !== this.branchId) {
      this.#refuse(socket, requestId, new StoreError('branch-not-found', `There is no branch ${hello.branchId}.`))
      return
    }
    const cursor = { [this.moduleId]: this.#cursor() }
    const isCaughtUp = isJsonObject(hello.cursor!) && isSameJson(hello.cursor, cursor)
    if (!isCaughtUp && hello.requestSnapshot !== false) this.#sendSnapshot(socket, requestId)
    this.#listening.add(socket)
    const mode = isCaughtUp ? 'none' : 'snapshot'
    const { branchId, moduleId } = this
    this.#say(socket, {
      ...{ type: 'server:ready', requestId, protocol: 2, branchId, cursor, mode },
      modes: { [moduleId]: mode },
    })
  }

  #sendSnapshot(socket: TestSocket, requestId: string): void {
    const { branchId, moduleId, position } = this
    const tables = [...this.#tables.all()]
    const { epoch, seq } = this.#cursor()
    for (const [table, records] of tables) {
      const place = { branchId, moduleId, epoch, seq, table, part: 0, isLast: true, isSingleton: false }
      this.#say(socket, { type: 'server:snapshot-part', ...place, records })
    }
    const snapshotAt = new Date(this.clock.nowMs).toISOString()
    const meta = { lastUpdatedAt: snapshotAt, counter: position, labCounter: 0, epoch }
    const module = { moduleId, branchId, version: position, tableNames: tables.map(([name]) => name), meta }
    this.#say(socket, {
      ...{ type: 'server:snapshot', branchId, modules: { [moduleId]: module }, cursor: { [moduleId]: { epoch, seq } } },
      ...{ fullSyncFlags: [], meta: { reason: 'requested', requestId, serverId: 'test', branchId, snapshotAt } },
    })
  }

  #publish(socket: TestSocket, frame: JsonObject, requestId: string): void {
    const known = this.#acks.get(requestId)
    const request = { action: frame.action ?? null, body: frame.operations ?? frame.record ?? null }
    if (known) {
      if (isSameJson(known.request, request)) this.#say(socket, { ...known.ack, replayed: true })
      else this.#refuse(socket, requestId, new StoreError('idempotency-key-reused', 'Another request had this id.'))
      return
    }
    try {
      const refusal = this.#refusals.shift()
      if (refusal) throw refusal
      const isBatch = frame.action === 'module:batch'
      const operations = (isBatch ? frame.operations : [frame]) as JsonObject[]
      const events = this.#tables.apply(operations.map(toOperation), frame.meta as JsonObject)
      const ack = this.#tables.toAck(events, requestId, isBatch)
      this.#acks.set(requestId, { request, ack })
      this.#say(socket, ack)
      this.#broadcast(events)
    } catch (error) {
      this.#refuse(socket, requestId, error)
    }
  }

  #query(socket: TestSocket, frame: JsonObject, requestId: string): void {
    const table = String(frame.table)
    const filter = Object.entries(frame.filter ?? {})
    const fits = (record: JsonObject) => filter.every(([name, value]) => isSameJson(record[name] ?? null, value))
    const limit = typeof frame.limit === 'number' ? frame.limit : 1_000
    const result =
      frame.queryType === 'get'
        ? (this.#tables.find(table, String(frame.id)) ?? null)
        : this.#tables.list(table).filter(fits).slice(0, limit)
    const timestamp = new Date(this.clock.nowMs).toISOString()
    const queryType = frame.queryType === 'get' ? 'get' : 'list'
    this.#say(socket, { type: 'server:query:result', requestId, table, queryType, result, timestamp })
  }

  #broadcast(events: readonly ServerEvent[]): void {
    for (const socket of this.#listening) {
      if (socket.isClosed) this.#listening.delete(socket)
      else for (const event of events) this.#say(socket, event)
    }
  }

  #refuse(socket: TestSocket, requestId: string, cause: unknown): void {
    if (!(cause instanceof StoreError)) throw cause
    const { code, message, details } = cause
    socket.say({ type: 'server:error', requestId, error: code, message, details })
  }

  #say(socket: TestSocket, frame: ServerFrame): void {
    socket.say(frame)
  }

  #cursor(): { epoch: number; seq: number } {
    return { epoch: 1, seq: this.position }
  }
}

function toOperation(frame: JsonObject): { action: WriteAction; table: string; record: JsonObject } {
  const action = String(frame.action).replace(/^module:/, '') as WriteAction
  return { action, table: String(frame.table), record: frame.record as JsonObject }
}
