import { Random } from '../../../scripts/seed-history/random.ts'
import type { JsonObject } from '../../../src-shared/json.ts'
import type { Journal } from './journal.ts'
import type { Answer, Link, Operation } from './operation.ts'

/** Tables without and with `locking: "required"`. */
const PLAIN_TABLE = 'customer_profiles'
const ORDER_TABLE = 'order_header'
/** How far the version of a `stale` operation is off. */
const STALE_BY = 7

interface OwnRecord {
  table: string
  key: string
  version: number
}

/**
 * One client of the mixed load. It changes only records of its own and knows their versions, so that each answer has one
 * right form. With several operations under way they never touch the same record.
 */
export class LoadClient {
  readonly name: string
  readonly #random: Random
  readonly #journal: Journal
  readonly #canBatch: boolean
  readonly #idle: OwnRecord[] = []
  /** Operations whose answer was lost. */
  readonly #lost: Operation[] = []
  #made = 0
  #isRunning = false
  #working: Promise<void>[] = []
  /** Operations acknowledged so far. */
  acknowledged = 0
  /** Answers that no rule explains. */
  readonly problems: string[] = []

  constructor(name: string, seed: number, journal: Journal, canBatch: boolean) {
    this.name = name
    this.#random = new Random(seed, hashOf(name))
    this.#journal = journal
    this.#canBatch = canBatch
  }

  /** Sends until `stop`, or until the connection is lost, with `depth` operations under way. */
  start(link: Link, depth: number): void {
    this.#isRunning = true
    this.#working = Array.from({ length: depth }, () => this.#work(link))
  }

  async stop(): Promise<void> {
    this.#isRunning = false
    await Promise.all(this.#working)
  }

  /** Sends again what was lost, with the same ids. False when an answer was lost again. */
  async settle(link: Link): Promise<boolean> {
    for (const operation of this.#lost.splice(0)) {
      const answer = await link.send(operation)
      this.#finish(operation, answer, true)
    }
    return this.#lost.length === 0
  }

  async #work(link: Link): Promise<void> {
    while (this.#isRunning) {
      const operation = this.#next()
      this.#journal.write({ at: 'sent', operation })
      const answer = await link.send(operation)
      this.#finish(operation, answer, false)
      if (answer.kind === 'lost') return
    }
  }

  #finish(operation: Operation, answer: Answer, isRetry: boolean): void {
    const { id, kind } = operation
    if (answer.kind === 'lost') {
      // A number that was asked for twice is drawn twice: the ledger names the first.
      if (kind !== 'number') this.#lost.push(operation)
      return
    }
    if (answer.kind === 'refused') {
      this.#journal.write({ at: 'refused', id, code: answer.code })
      if (kind === 'stale') this.#release(operation)
      else this.problems.push(`${id} (${kind}) was refused: ${answer.code}`)
      return
    }
    const { kind: _kind, ...acknowledged } = answer
    this.#journal.write({ at: 'acked', id, isRetry, ...acknowledged })
    this.acknowledged++
    if (kind === 'stale') this.problems.push(`${id} was accepted with an old version`)
    else this.#release(operation)
  }

  /** The records of an operation are free again, with the versions that they have now. */
  #release({ kind, writes }: Operation): void {
    for (const { action, table, record } of writes) {
      if (action === 'delete') continue
      const sent = Number(record.version)
      const version = action === 'insert' ? 1 : kind === 'stale' ? sent - STALE_BY : sent + 1
      this.#idle.push({ table, key: String(record.id), version })
    }
  }

  #next(): Operation {
    const id = `${this.name}-${++this.#made}`
    const dice = this.#random.fraction()
    if (this.#idle.length > 4) {
      if (dice < 0.3) return this.#change(id, 'merge')
      if (dice < 0.36) return this.#change(id, 'delete')
      if (dice < 0.4) return this.#change(id, 'stale')
    }
    if (dice < 0.48 && !this.#canBatch) return { id, client: this.name, kind: 'number', writes: [] }
    if (dice < 0.65 && this.#canBatch) return this.#order(id)
    const record = { id: `cust-${id}`, name: `Customer ${id}`, phone: `+20${this.#made}`, note: this.#text() }
    return { id, client: this.name, kind: 'insert', writes: [{ action: 'insert', table: PLAIN_TABLE, record }] }
  }

  #change(id: string, kind: 'merge' | 'delete' | 'stale'): Operation {
    const [own] = this.#idle.splice(this.#random.integer(0, this.#idle.length - 1), 1)
    const { table, key, version } = own!
    const record: JsonObject = { id: key, version, touchedBy: id, notes: this.#text() }
    if (kind === 'stale') record.version = version + STALE_BY
    return {
      id,
      client: this.name,
      kind,
      writes: [{ action: kind === 'delete' ? 'delete' : 'merge', table, record }],
    }
  }

  /** Header, lines and payment: the number of the header is drawn by the server in the same transaction. */
  #order(id: string): Operation {
    const orderId = `ord-${id}`
    const lines = this.#random.integer(1, 4)
    const writes: Operation['writes'] = [
      {
        action: 'insert',
        table: ORDER_TABLE,
        record: { id: orderId, shiftId: 'shift-1', statusId: 'open', guests: 2 },
      },
    ]
    for (let index = 0; index < lines; index++) {
      const record = { id: `${orderId}-${index}`, orderId, itemId: 'item-1', quantity: index + 1, unitPrice: 12.5 }
      writes.push({ action: 'insert', table: 'order_line', record })
    }
    const payment = { id: `pay-${id}`, orderId, amount: 12.5 * lines, paymentMethodId: 'cash', shiftId: 'shift-1' }
    writes.push({ action: 'insert', table: 'order_payment', record: payment })
    return { id, client: this.name, kind: 'order', writes }
  }

  #text(): string {
    return 'x'.repeat(this.#random.integer(0, 200))
  }
}

function hashOf(text: string): number {
  let hash = 7
  for (const letter of text) hash = (hash * 31 + letter.charCodeAt(0)) >>> 0
  return hash
}
