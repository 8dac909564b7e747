import type { JsonObject } from '../../src-shared/json.ts'
import type { ServerAck, ServerError } from '../../src-shared/protocol/server-frames.ts'
import { makeUuid } from '../lib/ids.ts'
import { StoreError } from '../lib/store-error.ts'
import type { StorageOperation } from '../storage/storage.ts'
import { resolveConflict, strategyFor } from './conflicts.ts'
import type { QueuedOperation, QueueEntry, Refusal } from './entry.ts'
import { type HeldEntry, isStored, putOperation, removal } from './outbox-files.ts'
import type { OutboxHost } from './outbox-host.ts'
import { outcomeFromRecord, settledWrite, type WriteOutcome } from './outcome.ts'
import { conflictingOperation, outdatedBy, rebaseAfterAck, rebaseLater, refusalOf } from './queue-rules.ts'
import { CONFLICT_CODES, CONNECTION_CODES, TEMPORARY_CODES } from './send-rules.ts'
import { Sender } from './sender.ts'
import { WriteWaiters } from './write-waiters.ts'

/**
 * The writes that the server has not answered yet, and those that it refused for good.
 *
 * ```
 *  add ──► saving ──► stored ──► in flight ──ack──► gone
 *             │          ▲            │──temporary failure──► stored, after a wait
 *             ▼          │            │──conflict──► strategy ──► stored, changed ──► in flight
 *          memory        └──lost──────┘                     └──► parked
 *   (the storage failed)              └──refused──► parked
 * ```
 *
 * A write is sent only after it is stored, by the tab that leads, in the order of adding. Up to 16 are under way at once,
 * never two of one record, so that a later change of a record cannot overtake an earlier one. What was under way when
 * the socket was lost is sent again under the same request id, which the server carries out once (docs/sync.md, I1).
 */
export class Outbox {
  readonly #host: OutboxHost
  readonly #sender: Sender
  #pending: HeldEntry[] = []
  #parked: HeldEntry[] = []
  readonly #waiters = new WriteWaiters()
  /** Ids that this tab has removed: a list that was read before must not bring them back. */
  readonly #gone = new Set<string>()

  constructor(host: OutboxHost) {
    this.#host = host
    this.#sender = new Sender(host, {
      pending: () => this.#pending,
      lookUp: (held) => this.#lookUp(held),
    })
  }

  get pending(): readonly HeldEntry[] {
    return this.#pending
  }

  get parked(): readonly HeldEntry[] {
    return this.#parked
  }

  /** `queued` resolves when the write is kept (or cannot be); `settled` when the server has answered. */
  add(entry: QueueEntry): { queued: Promise<HeldEntry>; settled: Promise<WriteOutcome> } {
    const held: HeldEntry = { entry, place: 'saving' }
    const settled = this.#waiters.add(entry.id)
    this.#pending.push(held)
    this.#host.onChange()
    const queued = this.#host.files.save(held).then(() => {
      this.#host.tellTabs({ kind: 'queued' })
      this.pump()
      return held
    })
    return { queued, settled }
  }

  /** Reads the queue again: after the start, when another tab wrote, and from time to time. */
  async reload(): Promise<void> {
    const before = new Set([...this.#pending, ...this.#parked].filter(isStored).map(({ entry }) => entry.id))
    const stored = await this.#host.files.list()
    if (!stored) return
    if (stored === 'wiped') {
      await this.#saveAgain()
      return
    }
    const mine = new Map([...this.#pending, ...this.#parked].map((held) => [held.entry.id, held]))
    const listed = new Set(stored.map(({ entry }) => entry.id))
    // Whoever settled them died before it had removed them.
    const left = stored.filter(({ entry }) => this.#gone.has(entry.id))
    if (this.#host.isLeader()) void this.#host.files.apply(left.map(removal), this.#host.guard())
    const merged = stored
      .filter(({ entry }) => !this.#gone.has(entry.id))
      .map((held) => this.#adopt(mine.get(held.entry.id), held))
    // What is not listed and was not stored before is newer than the list.
    const newer = [...mine.values()].filter(({ entry }) => !listed.has(entry.id) && !before.has(entry.id))
    const vanished = this.#pending.filter(({ entry }) => !listed.has(entry.id) && before.has(entry.id))
    const all = [...merged, ...newer]
    this.#pending = all.filter(({ entry }) => !entry.refusal)
    this.#parked = all.filter(({ entry }) => entry.refusal)
    for (const { entry } of vanished) this.#waiters.resolve(entry.id, settledWrite(entry, 'other-tab'))
    for (const { entry } of this.#parked) this.#waiters.reject(entry)
    this.#host.onChange()
    this.pump()
  }

  /** Another tab's leader heard the answer. */
  noticeSettled(id: string, outcome: WriteOutcome): void {
    this.#forget(id)
    this.#waiters.resolve(id, outcome)
    this.#host.onChange()
  }

  pump(): void {
    this.#sender.pump()
  }

  noticeLost(): void {
    this.#sender.noticeLost()
  }

  stop(): void {
    this.#sender.noticeLost()
    this.#waiters.close()
  }

  handleAck(ack: ServerAck): void {
    const held = this.#sender.take(ack.requestId)
    if (!held) return
    this.#host.applyAck(ack, held.entry)
    this.#settle(held, ack, rebaseAfterAck(this.#pending, held.entry, ack))
  }

  /** False when the error is not about a write under way. */
  handleError(error: ServerError): boolean {
    const held = this.#sender.take(error.requestId)
    if (!held) return false
    const { entry } = held
    const code = error.error
    const [operation] = entry.operations
    const isSingle = entry.operations.length === 1
    const current = error.details?.current as JsonObject | undefined
    if (TEMPORARY_CODES.has(code)) this.#sender.pause(held)
    else if (CONNECTION_CODES.has(code)) {
      this.#host.loseConnection()
      return false
    } else if (CONFLICT_CODES.has(code)) void this.#resolveConflict(held, error)
    else if (isSingle && code === 'record-exists' && operation!.isIdMade) {
      this.#settle(held, settledWrite(entry, 'already-stored', current))
    } else if (isSingle && code === 'record-not-found' && operation!.action === 'delete') {
      this.#settle(held, settledWrite(entry, 'already-deleted'))
    } else this.#park(held, refusalOf(error, this.#host.platform.now()))
    return true
  }

  /** Sends a parked write again, as a new request. @throws StoreError `write-discarded` when there is none. */
  async retryParked(id: string): Promise<WriteOutcome> {
    const held = this.#takeParked(id)
    const { entry } = held
    const { refusal: _refusal, epoch: _epoch, ...rest } = entry
    const queuedAt = this.#host.platform.now()
    const epoch = this.#host.currentEpoch()
    const again = { ...rest, id: this.#newId(), requestId: this.#newId(), queuedAt, attempts: 0 }
    const { queued, settled } = this.add({ ...again, ...(epoch !== undefined && { epoch }) })
    await queued
    await this.#removeParked(held)
    return settled
  }

  async discardParked(id: string): Promise<void> {
    await this.#removeParked(this.#takeParked(id))
  }

  /** The storage is empty now; what this page still knows is kept again, in its order. */
  async #saveAgain(): Promise<void> {
    const lost = [...this.#pending, ...this.#parked].filter(isStored)
    for (const held of lost as HeldEntry[]) held.place = 'saving'
    await Promise.all(lost.map((held) => this.#host.files.save(held)))
    this.pump()
  }

  async #removeParked(held: HeldEntry): Promise<void> {
    if (isStored(held)) await this.#host.files.apply([removal(held)], undefined)
    this.#host.tellTabs({ kind: 'changed' })
    this.#host.onChange()
  }

  #takeParked(id: string): HeldEntry {
    const held = this.#parked.find(({ entry }) => entry.id === id)
    if (!held) throw new StoreError('write-discarded', `No parked write ${id}.`)
    this.#forget(id)
    return held
  }

  /** The same object as long as the write is under way, so that its answer finds it. */
  #adopt(mine: HeldEntry | undefined, stored: HeldEntry): HeldEntry {
    if (!mine) return stored
    mine.place = stored.place
    if (!this.#sender.isBusy(mine)) mine.entry = stored.entry
    return mine
  }

  /** Of a batch the operation that met a newer record; the rest of it is sent again as it is. */
  async #resolveConflict(held: HeldEntry, error: ServerError): Promise<void> {
    const { entry } = held
    const operation = conflictingOperation(entry, error)
    if (!operation) {
      this.#park(held, refusalOf(error, this.#host.platform.now()))
      return
    }
    const { table, key, record: mine, base } = operation
    const release = this.#sender.hold(held)
    try {
      const sent = error.details?.current as JsonObject | undefined
      const current = sent ?? (key === undefined ? undefined : await this.#host.fetchRecord(table, key))
      const refusal = { ...refusalOf(error, this.#host.platform.now()), ...(current && { current }) }
      if (!current) {
        this.#park(held, refusal)
        return
      }
      const { length: size } = entry.operations
      // Every operation of a batch has the attempts of a single write.
      const attempt = Math.floor(entry.attempts / size) + 1
      const conflict = { table, key: key ?? '', mine, base, current, attempt }
      const resolution = await resolveConflict(strategyFor(this.#host.strategies, table), conflict)
      if (resolution.kind === 'drop' && size > 1) this.#park(held, refusal)
      else if (resolution.kind === 'drop') {
        const later = rebaseLater(this.#pending, entry, operation, current.version)
        this.#settle(held, settledWrite(entry, 'server-wins', current), later)
      }
      if (resolution.kind === 'refuse') this.#park(held, refusal)
      if (resolution.kind === 'resend')
        await this.#change(held, operation, { record: resolution.record, base: current })
    } catch (failure) {
      // The server could not be asked, or the application's function failed: the first is tried again, the second is not.
      if (failure instanceof StoreError && failure.code === 'offline') return
      const message = `${error.message} The conflict strategy failed: ${String(failure)}`
      this.#park(held, { ...refusalOf(error, this.#host.platform.now()), message })
    } finally {
      release()
      this.pump()
    }
  }

  /** A changed write is another request; it is stored before it is sent. */
  async #change(
    held: HeldEntry,
    operation: QueuedOperation,
    change: { record: JsonObject; base: JsonObject },
  ): Promise<void> {
    const { entry } = held
    const predictedVersion = typeof change.base.version === 'number' ? change.base.version + 1 : undefined
    const later = rebaseLater(this.#pending, entry, operation, predictedVersion)
    const epoch = this.#host.currentEpoch()
    const changed = { ...operation, ...change, ...(predictedVersion !== undefined && { predictedVersion }) }
    held.entry = {
      ...entry,
      requestId: this.#newId(),
      operations: entry.operations.map((one) => (one === operation ? changed : one)),
      attempts: entry.attempts + 1,
      ...(epoch !== undefined && { epoch }),
    }
    await this.#apply([...(isStored(held) ? [putOperation(held.place.key, held.entry)] : []), ...later])
    this.#host.onChange()
  }

  async #lookUp(held: HeldEntry): Promise<void> {
    const { entry } = held
    const [operation] = entry.operations
    if (operation?.key === undefined || entry.operations.length > 1) return
    const release = this.#sender.hold(held)
    try {
      const outcome = outcomeFromRecord(entry, await this.#host.fetchRecord(operation.table, operation.key))
      if (outcome) this.#settle(held, outcome)
    } finally {
      release()
    }
  }

  #settle(held: HeldEntry, outcome: WriteOutcome, more: StorageOperation[] = []): void {
    const { entry } = held
    this.#forget(entry.id)
    const outdated = outdatedBy(this.#parked, entry)
    for (const one of outdated) this.#forget(one.entry.id)
    const removed = [held, ...outdated].filter(isStored).map(removal)
    void this.#apply([...removed, ...more])
    this.#host.onChange()
    this.#waiters.resolve(entry.id, outcome)
    this.#host.tellTabs({ kind: 'settled', id: entry.id, outcome })
    if (outdated.length > 0) this.#host.tellTabs({ kind: 'changed' })
    this.pump()
  }

  #park(held: HeldEntry, refusal: Refusal): void {
    this.#forget(held.entry.id)
    this.#gone.delete(held.entry.id)
    held.entry = { ...held.entry, refusal }
    this.#parked.push(held)
    if (isStored(held)) {
      void this.#apply([putOperation(held.place.key, held.entry)]).then(() => this.#host.tellTabs({ kind: 'changed' }))
    }
    this.#host.onChange()
    this.#host.onParked(held)
    this.#waiters.reject(held.entry)
    this.pump()
  }

  async #apply(operations: StorageOperation[]): Promise<void> {
    if (await this.#host.files.apply(operations, this.#host.guard())) return
    this.#host.noticeLoss()
    await this.reload()
  }

  #forget(id: string): void {
    this.#pending = this.#pending.filter(({ entry }) => entry.id !== id)
    this.#parked = this.#parked.filter(({ entry }) => entry.id !== id)
    this.#gone.add(id)
  }

  #newId(): string {
    return makeUuid(this.#host.platform)
  }
}
