import { isDeepStrictEqual } from 'node:util'
import type { JsonObject } from '../../../src-shared/json.ts'
import type { AckedChange, ServerAck } from '../../../src-shared/protocol/server-frames.ts'
import type { BranchClient } from '../../support/branch-client.ts'

/** One event of the log, as far as it matters here. */
interface LogEntry {
  sequence: number
  action: string
  table: string | null
  key: string | null
  meta: { clientMeta?: { requestId?: string } }
}

const PAGE = 1_000

/**
 * What pages were told by acks, held against what the server has: the log must have exactly the events that the acks
 * name, and the records must be the union of what the acks say.
 *
 * Call `check` only when every write was answered: until then the server may know more than the pages.
 */
export class ToldWrites {
  readonly #acks = new Map<string, ServerAck>()
  readonly #made = new Map<string, string>()
  readonly #tables: readonly string[]
  #from = 0

  /** @param tables - The tables that the pages write. */
  constructor(tables: readonly string[]) {
    this.#tables = tables
  }

  get count(): number {
    return this.#acks.size
  }

  /** What is in the log now was not written by the pages. */
  async begin(branch: BranchClient): Promise<void> {
    this.#from = ((await branch.send('GET', 'events?limit=1')).body as { version: number }).version
  }

  /** A page made this record and was promised that it is kept. */
  noteMade(table: string, id: string): void {
    this.#made.set(`${table} ${id}`, id)
  }

  /** A page heard this ack. The same one may come again, after a lost connection. */
  noteAck(ack: ServerAck): void {
    this.#acks.set(ack.requestId!, ack)
  }

  /** @returns What is lost, doubled, or not as it was told. */
  async check(branch: BranchClient): Promise<string[]> {
    const problems: string[] = []
    const events = await this.#readEvents(branch)
    const bySequence = new Map(events.map((event) => [event.sequence, event]))
    const expected = new Map<string, number>()
    const madeInLog = new Map<string, number>()
    for (const [requestId, ack] of this.#acks) {
      const changes = changesOf(ack)
      expected.set(requestId, new Set(changes.map(({ sequence }) => sequence)).size)
      for (const { sequence, table, recordRef } of changes) {
        const event = bySequence.get(sequence)
        const isSame = event?.table === table && event.key === recordRef.key
        if (!isSame || requestOf(event) !== requestId) problems.push(`LOST: ${requestId} was told event ${sequence}`)
      }
    }
    for (const event of events) {
      const requestId = requestOf(event)
      const left = requestId === undefined ? undefined : expected.get(requestId)
      if (left === undefined) problems.push(`NOT TOLD: event ${event.sequence} of ${requestId}`)
      else if (left === 0) problems.push(`DOUBLED: event ${event.sequence} of ${requestId}`)
      else expected.set(requestId!, left - 1)
      const name = `${event.table} ${event.key}`
      if (event.action === 'module:insert') madeInLog.set(name, (madeInLog.get(name) ?? 0) + 1)
    }
    for (const name of this.#made.keys()) {
      const times = madeInLog.get(name) ?? 0
      if (times !== 1) problems.push(`${times === 0 ? 'LOST' : 'DOUBLED'}: ${name} was made ${times} times`)
    }
    problems.push(...(await this.#compareRecords(branch)))
    return problems.slice(0, 20)
  }

  /** What the acks say of each record, by table and key; deleted ones left out. */
  fold(): Map<string, Map<string, JsonObject>> {
    const tables = new Map(this.#tables.map((name) => [name, new Map<string, JsonObject>()]))
    const changes = [...this.#acks.values()].flatMap(changesOf).sort((one, other) => one.sequence - other.sequence)
    for (const { table, recordRef, deleted, entry } of changes) {
      const records = tables.get(table)!
      if (deleted) records.delete(recordRef.key)
      else records.set(recordRef.key, entry.record!)
    }
    return tables
  }

  async #compareRecords(branch: BranchClient): Promise<string[]> {
    const problems: string[] = []
    for (const [table, told] of this.fold()) {
      const stored = new Map((await branch.list(table)).map((record) => [String(record.id), record]))
      for (const key of new Set([...told.keys(), ...stored.keys()])) {
        const [one, other] = [told.get(key), stored.get(key)]
        if (isDeepStrictEqual(one, other)) continue
        problems.push(`${table} ${key}: told ${JSON.stringify(one)}, stored ${JSON.stringify(other)}`)
      }
    }
    return problems
  }

  async #readEvents(branch: BranchClient): Promise<LogEntry[]> {
    const events: LogEntry[] = []
    for (let after: number | undefined = this.#from; after !== undefined; ) {
      const { body } = await branch.send('GET', `events?after=${after}&limit=${PAGE}`)
      const page = body as { events: LogEntry[]; next?: number }
      events.push(...page.events)
      after = page.next
    }
    return events.filter(({ table }) => table !== null && this.#tables.includes(table))
  }
}

function changesOf(ack: ServerAck): readonly AckedChange[] {
  return 'results' in ack ? ack.results : [ack]
}

function requestOf(event: LogEntry | undefined): string | undefined {
  return event?.meta.clientMeta?.requestId
}
