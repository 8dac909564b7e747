import { AppError, isAppError } from '../../../src-shared/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src-shared/json.ts'
import { requireManage } from '../../access/sign-in/may-manage.ts'
import type { Guard } from '../../access/view/guard.ts'
import type { ModuleStore, SnapshotBuffers, Store } from '../../store/api.ts'
import { saveOrder } from '../../store/orders/save-order.ts'
import type { StoredEvent } from '../../store/types.ts'
import type { Session } from './session.ts'
import { syncTopics, type Topic } from './topic-names.ts'

type SyncTopic = Extract<Topic, { kind: 'sync' }>
type ModuleName = Pick<ModuleStore, 'branchId' | 'moduleId'>
type Publish = (branchId: string, name: string, data: JsonObject) => void

const MAX_TRANSACTIONS = 500
/** Of what a publish says beside its snapshot or order: every subscriber is sent it. */
const MAX_WORDS_BYTES = 65_536
/** The module itself is told again at most this often; each change in between is told without it. */
const SNAPSHOT_EVERY_MS = 1_000

/** What the topics of one module told last. */
interface SyncState {
  data: JsonObject
  timer: NodeJS.Timeout | undefined
  /** Version and meta of what was carried out, by who asked and how they called it. */
  transactions: Map<string, JsonObject>
  /** Transactions under way; each resolves to what it failed with, if it did. */
  running: Map<string, Promise<AppError | undefined>>
}

/**
 * The topics that mirror a whole module. A subscriber gets the module's current snapshot, then each change as a small
 * delta; the snapshot inside follows at most once a second, because it is the whole module each time.
 * Source: docs/sync.md, rules T4 and T5.
 */
export class SyncTopics {
  readonly #store: Store
  readonly #guard: Guard
  readonly #now: () => number
  readonly #publish: Publish
  readonly #states = new Map<string, SyncState>()

  constructor(store: Store, guard: Guard, now: () => number, publish: Publish) {
    this.#store = store
    this.#guard = guard
    this.#now = now
    this.#publish = publish
  }

  /** The topic's data now. @throws AppError `branch-not-found`, `module-not-found`. */
  read({ branchId, moduleId }: SyncTopic): JsonObject {
    const module = this.#store.getBranch(branchId).getModule(moduleId)
    const state = this.#stateOf(module)
    state.data = {
      ...state.data,
      version: module.head().seq,
      snapshot: parseSnapshot(module),
      meta: this.#meta(module),
    }
    return state.data
  }

  handleEvent(event: StoredEvent, isHeard: (name: string) => boolean): void {
    const { branchId, moduleId } = event
    const names = syncTopics(branchId, moduleId).filter(isHeard)
    if (names.length === 0) return
    // The last events of a branch that is being closed come when the store has let go of it.
    const state = this.#stateOf(event)
    const { action, table, eventId, seq } = event
    state.data = { ...state.data, action, table, mutationId: eventId, version: seq, meta: this.#meta(event) }
    for (const name of names) this.#publish(branchId, name, state.data)
    this.#refreshLater(event, state)
  }

  /**
   * A client's word on a sync topic: needs a transaction id; `snapshot` replaces tables of the module, as POST /api/sync
   * does, `order` is saved, as POST /orders does; the rest is told to the subscribers once. A repeated id is answered with
   * the first result, to who asked first: ids are chosen by clients and say nothing of who may know.
   *
   * @throws AppError `missing-trans-id`, `body-too-large`, `hello-required`.
   */
  handlePublish(session: Session, topic: SyncTopic, data: JsonObject): void {
    const transId = textOf(data.trans_id ?? data.transId ?? data.mutationId)
    if (transId === undefined) throw new AppError('missing-trans-id', 'A publish on a sync topic needs a trans_id.')
    const module = this.#store.getBranch(topic.branchId).getModule(topic.moduleId)
    const state = this.#stateOf(module)
    const transaction = { id: transId, key: `${authorOf(session)}\n${transId}` }
    const running = state.running.get(transaction.key)
    if (state.transactions.has(transaction.key)) sendRepeated(session, topic, state, transaction)
    else if (!running) this.#carryOut(session, topic, module, transaction, data)
    else {
      session.beginWrite()
      void running.then((error) => {
        if (error === undefined) sendRepeated(session, topic, state, transaction)
        else sendRefusal(session, topic, error)
        session.endWrite()
      })
    }
  }

  close(): void {
    for (const { timer } of this.#states.values()) clearTimeout(timer)
  }

  #carryOut(session: Session, topic: SyncTopic, module: ModuleStore, { key }: Transaction, data: JsonObject): void {
    const { snapshot, order: _order, ...words } = data
    if (Buffer.byteLength(JSON.stringify(words)) > MAX_WORDS_BYTES) {
      throw new AppError('body-too-large', `A publish says at most ${MAX_WORDS_BYTES} bytes beside what it stores.`)
    }
    const { branchId, moduleId } = module
    const tell = (): void => {
      const state = this.#stateOf(module)
      const version = module.head().seq
      const meta = this.#meta(module)
      const current = snapshot === undefined ? state.data.snapshot : parseSnapshot(module)
      // The words belong to this change: nothing of them stays for the next one, nor for who comes later.
      const fixed = { branchId, moduleId, ...(current !== undefined && { snapshot: current }) }
      state.data = { ...state.data, ...fixed, version, meta }
      state.transactions.set(key, { version, meta })
      if (state.transactions.size > MAX_TRANSACTIONS) {
        state.transactions.delete(state.transactions.keys().next().value!)
      }
      const told = { ...state.data, ...words, ...fixed, version, meta: { ...objectOf(words.meta), ...meta } }
      for (const name of syncTopics(branchId, moduleId)) this.#publish(branchId, name, told)
    }
    // The topic's state is the whole module's; what is written is written as the session's principal.
    const work = workOf(session, this.#guard.moduleFor(session.principal, module), data)
    if (!work) {
      tell()
      return
    }
    const { running } = this.#stateOf(module)
    session.beginWrite()
    const outcome = work.then(tell).then(
      () => undefined,
      (error: unknown) => {
        const known = isAppError(error) ? error : new AppError('internal', 'The publish could not be stored.')
        sendRefusal(session, topic, known)
        return known
      },
    )
    running.set(key, outcome)
    void outcome.then(() => {
      running.delete(key)
      session.endWrite()
    })
  }

  #refreshLater({ branchId, moduleId }: ModuleName, state: SyncState): void {
    state.timer ??= setTimeout(() => {
      state.timer = undefined
      try {
        this.#refresh(branchId, moduleId, state)
      } catch (error) {
        // A branch that is being restored, or a disk that fails, may be back at the next look; a timer has no caller.
        const isGone = isAppError(error) && error.status === 404
        if (!isGone) this.#refreshLater({ branchId, moduleId }, state)
      }
    }, SNAPSHOT_EVERY_MS).unref()
  }

  #refresh(branchId: string, moduleId: string, state: SyncState): void {
    const module = this.#store.getBranch(branchId).getModule(moduleId)
    state.data = { ...state.data, snapshot: parseSnapshot(module) }
    for (const name of syncTopics(branchId, moduleId)) this.#publish(branchId, name, state.data)
  }

  #stateOf({ branchId, moduleId }: ModuleName): SyncState {
    const key = `${branchId}\n${moduleId}`
    let state = this.#states.get(key)
    if (!state) {
      state = {
        data: { branchId, moduleId, action: 'snapshot' },
        timer: undefined,
        transactions: new Map(),
        running: new Map(),
      }
      this.#states.set(key, state)
    }
    return state
  }

  #meta({ branchId, moduleId }: ModuleName): JsonObject {
    return { branchId, moduleId, serverId: this.#store.serverId, updatedAt: new Date(this.#now()).toISOString() }
  }
}

/** A publish by the id that its sender gave it, told apart from those of others. */
interface Transaction {
  id: string
  key: string
}

/** Whose transaction ids are one: a device's or a person's, on whatever socket. */
function authorOf({ principal: { deviceId, uid } }: Session): string {
  return deviceId ?? uid ?? ''
}

function sendRepeated(
  session: Session,
  topic: SyncTopic,
  { transactions }: SyncState,
  { id: transId, key }: Transaction,
): void {
  const known = transactions.get(key) ?? {}
  const repeated = { duplicateTrans: true, transId, previousMutationId: transId, ackedMutationId: transId }
  const data = { ...known, meta: { ...objectOf(known.meta), ...repeated } }
  session.send({ type: 'publish', topic: topic.name, data })
}

function sendRefusal(session: Session, topic: SyncTopic, { code, message }: AppError): void {
  session.send({ type: 'error', code, message, topic: topic.name })
}

/** The module as one object. Only for this dialect, which has no way to send it in pieces. */
function parseSnapshot(module: ModuleStore): JsonObject {
  const { branchId, moduleId } = module
  const snapshot = module.snapshot()
  const tables: JsonObject = {}
  for (const table of snapshot.tables) tables[table.name] = parseTable(table)
  const meta = JSON.parse(JSON.stringify(snapshot.meta)) as JsonObject
  return { moduleId, branchId, version: snapshot.seq, tables, meta }
}

function parseTable({ chunks, isSingleton }: SnapshotBuffers['tables'][number]): JsonValue {
  const text = chunks.map((chunk) => chunk.toString('utf8')).join(',')
  return JSON.parse(isSingleton ? text : `[${text}]`) as JsonValue
}

function tablesOf(snapshot: JsonValue): Record<string, JsonObject[]> {
  const tables = isJsonObject(snapshot) ? snapshot.tables : undefined
  if (tables === undefined || !isJsonObject(tables)) {
    throw new AppError('insert-only-violation', 'The snapshot has no tables.')
  }
  const result: Record<string, JsonObject[]> = {}
  for (const [name, rows] of Object.entries(tables)) {
    if (!Array.isArray(rows) || !rows.every((row): row is JsonObject => isJsonObject(row))) {
      throw new AppError('insert-only-violation', `Table ${name} is not a list of records.`)
    }
    result[name] = rows
  }
  return result
}

/** The write that a publish asks for; undefined for a mere word. */
function workOf(session: Session, module: ModuleStore, data: JsonObject): Promise<unknown> | undefined {
  const { snapshot, order } = data
  if (isJsonObject(order!)) {
    const caller = session.caller(session.requireIntroduction('publish'))
    return saveOrder(module, { order, caller, source: 'sync-topic' })
  }
  if (snapshot === undefined) return undefined
  requireManage(session.principal, 'sync')
  return module.importSnapshot({ tables: tablesOf(snapshot), reason: 'sync-topic', ...requestedBy(data) })
}

function requestedBy(data: JsonObject): { requestedBy?: string } {
  const userId = textOf(data.userId)
  return userId === undefined ? {} : { requestedBy: userId }
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return value !== undefined && isJsonObject(value) ? value : {}
}

function textOf(value: JsonValue | undefined): string | undefined {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value !== '' && value.length <= 256 ? value : undefined
}
