import { Backoff } from '../connection/backoff.ts'
import { keysOf } from './entry.ts'
import { type HeldEntry, isStored } from './outbox-files.ts'
import type { OutboxHost } from './outbox-host.ts'
import { LOOK_UP_AFTER_MS, WINDOW } from './send-rules.ts'

/** A server that answers pings and owes the answer to a write for longer than this has lost it. */
const ANSWER_TIMEOUT_MS = 15_000

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
  readonly #backoff: Backoff
  #pauseTimer: unknown

  constructor(host: SenderHost, queue: SenderQueue) {
    this.#host = host
    this.#queue = queue
    this.#backoff = new Backoff(host.platform.random)
  }

  /** Sends what may be sent: in order, at most 16 under way, nothing behind an unanswered write of the same record. */
  pump(): void {
    if (this.#pauseTimer !== undefined) return
    const isLeader = this.#host.isLeader()
    const busyKeys = new Set<string>()
    for (const held of this.#queue.pending()) {
      if (this.#flights.size >= WINDOW || held.place === 'saving') return
      const keys = keysOf(held.entry)
      if (this.isBusy(held)) {
        for (const key of keys) busyKeys.add(key)
        continue
      }
      // What the storage could not keep is sent by the tab that has it.
      if (!isLeader && isStored(held)) continue
      if (keys.some((key) => busyKeys.has(key))) return
      if (this.#isOld(held)) {
        this.#lookUp(held)
        return
      }
      if (!this.#send(held)) return
      for (const key of keys) busyKeys.add(key)
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

  /** The server asked for time: nothing is sent for a second or more. */
  pause(): void {
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

  #send(held: HeldEntry): boolean {
    if (!this.#host.send(held.entry)) return false
    const deadline = this.#host.platform.setTimeout(
      () => this.#host.loseConnection('The server does not answer a write.'),
      ANSWER_TIMEOUT_MS,
    )
    this.#flights.set(held.entry.requestId, { held, deadline })
    if (this.#queue.pending().length === 1) this.#backoff.reset()
    return true
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
