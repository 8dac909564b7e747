import { Backoff } from '../connection/backoff.ts'
import { keysOf } from './entry.ts'
import { type HeldEntry, isStored } from './outbox-files.ts'
import type { OutboxHost } from './outbox-host.ts'
import { LOOK_UP_AFTER_MS, WINDOW } from './send-rules.ts'

/** A server that answers pings and owes the answer to a write for longer than this has lost it. */
const ANSWER_TIMEOUT_MS = 15_000

/** A write that fails this often for now holds up only what is written to the same record. */
const STUCK_AFTER = 3

type SenderHost = Pick<OutboxHost, 'platform' | 'send' | 'isLeader' | 'loseConnection'>

interface SenderQueue {
  pending: () => readonly HeldEntry[]
  /** Asks the server what became of an old write. */
  lookUp: (held: HeldEntry) => Promise<void>
}

interface Flight {
  held: HeldEntry
  deadline: unknown
}

/** Decides what is sent now. Knows nothing of what answers mean. */
export class Sender {
  readonly #host: SenderHost
  readonly #queue: SenderQueue
  readonly #flights = new Map<string, Flight>()
  readonly #onHold = new Set<HeldEntry>()
  /** Old entries that were looked up in vain. */
  readonly #lookedUp = new WeakSet<HeldEntry>()
  /** How often the server could not take a write. */
  readonly #failures = new WeakMap<HeldEntry, number>()
  readonly #backoff: Backoff
  #pauseTimer: unknown

  constructor(host: SenderHost, queue: SenderQueue) {
    this.#host = host
    this.#queue = queue
    this.#backoff = new Backoff(host.platform.random)
  }

  /**
   * Sends what may be sent: in order, at most 16 under way, nothing behind a write whose record has an unanswered one,
   * unless that one is stuck.
   */
  pump(): void {
    if (this.#pauseTimer !== undefined) return
    const isLeader = this.#host.isLeader()
    const records = new BusyRecords()
    for (const held of this.#queue.pending()) {
      if (this.#flights.size >= WINDOW || held.place === 'saving') return
      const isBusy = this.isBusy(held)
      // What the storage could not keep is sent by the tab that has it.
      if (!isBusy && !isLeader && isStored(held)) continue
      const way = isBusy ? 'busy' : records.wayFor(held)
      if (way === 'wait' || (way === 'free' && !this.#start(held))) return
      records.add(held, way !== 'skip' && this.#isStuck(held))
    }
  }

  /** The write that the answer is for; it is under way no more. */
  take(requestId: string | undefined): HeldEntry | undefined {
    if (requestId === undefined) return undefined
    const flight = this.#flights.get(requestId)
    if (!flight) return undefined
    this.#host.platform.clearTimeout(flight.deadline)
    this.#flights.delete(requestId)
    return flight.held
  }

  isBusy(held: HeldEntry): boolean {
    return this.#onHold.has(held) || this.#flights.has(held.entry.requestId)
  }

  /** Keeps a write from being sent until the returned function is called. */
  hold(held: HeldEntry): () => void {
    this.#onHold.add(held)
    return () => this.#onHold.delete(held)
  }

  /** The server could not take this write now: nothing is sent for a second or more. */
  pause(held: HeldEntry): void {
    this.#failures.set(held, (this.#failures.get(held) ?? 0) + 1)
    if (this.#pauseTimer !== undefined) return
    this.#pauseTimer = this.#host.platform.setTimeout(() => {
      this.#pauseTimer = undefined
      this.pump()
    }, this.#backoff.nextMs())
  }

  /** The socket is gone, and with it every answer that was due. */
  noticeLost(): void {
    for (const { deadline } of this.#flights.values()) this.#host.platform.clearTimeout(deadline)
    this.#flights.clear()
    this.#host.platform.clearTimeout(this.#pauseTimer)
    this.#pauseTimer = undefined
  }

  /** False when nothing more can be sent now. */
  #start(held: HeldEntry): boolean {
    if (this.#isOld(held)) {
      this.#lookUp(held)
      return false
    }
    if (!this.#host.send(held.entry)) return false
    const deadline = this.#host.platform.setTimeout(
      () => this.#host.loseConnection('The server does not answer.'),
      ANSWER_TIMEOUT_MS,
    )
    this.#flights.set(held.entry.requestId, { held, deadline })
    if (this.#queue.pending().length === 1) this.#backoff.reset()
    return true
  }

  #isStuck(held: HeldEntry): boolean {
    return (this.#failures.get(held) ?? 0) >= STUCK_AFTER
  }

  #isOld(held: HeldEntry): boolean {
    const age = this.#host.platform.now() - held.entry.queuedAt
    return age > LOOK_UP_AFTER_MS && !this.#lookedUp.has(held)
  }

  #lookUp(held: HeldEntry): void {
    this.#queue.lookUp(held).then(
      () => {
        this.#lookedUp.add(held)
        this.pump()
      },
      () => undefined,
    )
  }
}

/** Records with a write that is not answered yet. */
class BusyRecords {
  readonly #busy = new Set<string>()
  readonly #stuck = new Set<string>()

  add({ entry }: HeldEntry, isStuck: boolean): void {
    for (const key of keysOf(entry)) {
      this.#busy.add(key)
      if (isStuck) this.#stuck.add(key)
    }
  }

  /** `wait`: everything from here on; `skip`: only this write, because the one before it is stuck. */
  wayFor({ entry }: HeldEntry): 'free' | 'wait' | 'skip' {
    const keys = keysOf(entry)
    if (!keys.some((key) => this.#busy.has(key))) return 'free'
    return keys.some((key) => this.#stuck.has(key)) ? 'skip' : 'wait'
  }
}
