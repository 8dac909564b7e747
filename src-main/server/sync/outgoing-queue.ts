import type { FrameRun, WireFrame } from './wire-frame.ts'

/** Where frames go: the TCP socket under a WebSocket. */
export interface FrameSink {
  /** False once the closing handshake began: no data frame may follow. */
  isOpen(): boolean
  /** Bytes handed over that the operating system did not take yet. */
  bufferedBytes(): number
  write(bytes: Buffer): void
  /** Writes between the two leave together. */
  cork(): void
  uncork(): void
}

export interface OutgoingLimits {
  /** Most bytes of events that may wait for a slow reader. */
  maxEventBytes: number
  /** Most bytes that the sink holds before the rest waits here, where events can still be dropped. */
  handOverBytes: number
}

/**
 * A socket's outgoing frames, in order, until the sink can take them.
 *
 * Three kinds wait in one line, because their order is what clients rely on:
 *
 * - direct frames (acks, errors, answers): never dropped. Their writer stops reading from a socket that does not
 *   take them, so they are bounded by what one socket can ask for.
 * - events: shared runs of a room's slab. Dropped all at once when more than `maxEventBytes` wait.
 * - snapshot frames: shared buffers, not counted.
 *
 * Nothing is written when a frame is pushed. The flush comes at the end of the turn, when a group commit has pushed
 * all of its acks and events, so that each socket costs one system call:
 *
 *     turn      | push ack 1 · push event 1 · push ack 2 · push event 2 |
 *     next tick |                                                      flush: ack 1, event 1, ack 2, event 2
 *
 * Source: docs/sync.md, rules B1 to B4.
 */
export class OutgoingQueue {
  readonly #sink: FrameSink
  readonly #limits: OutgoingLimits
  readonly #onOverflow: () => void
  #items: Item[] = []
  #head = 0
  #eventRuns = 0
  #isHearingEvents = true
  eventBytes = 0
  directBytes = 0
  snapshotBytes = 0

  /** @param onOverflow - Called once when waiting events were dropped; no event is taken until `resumeEvents`. */
  constructor(sink: FrameSink, limits: OutgoingLimits, onOverflow: () => void) {
    this.#sink = sink
    this.#limits = limits
    this.#onOverflow = onOverflow
  }

  get isEmpty(): boolean {
    return this.#head === this.#items.length
  }

  get queuedBytes(): number {
    return this.eventBytes + this.directBytes + this.snapshotBytes
  }

  /** False after an overflow. */
  get isHearingEvents(): boolean {
    return this.#isHearingEvents
  }

  pushDirect(frame: Buffer): void {
    this.#items.push({ kind: DIRECT, buffer: frame, start: 0, end: frame.length, body: null })
    this.directBytes += frame.length
  }

  pushEvent(run: FrameRun): void {
    if (!this.#isHearingEvents) return
    const last = this.#head < this.#items.length ? this.#items[this.#items.length - 1] : undefined
    if (last !== undefined && last.kind === EVENT && last.buffer === run.buffer && last.end === run.start) {
      last.end = run.end
    } else {
      this.#items.push({ kind: EVENT, buffer: run.buffer, start: run.start, end: run.end, body: null })
      this.#eventRuns++
    }
    this.eventBytes += run.end - run.start
    if (this.eventBytes > this.#limits.maxEventBytes || this.#eventRuns > MAX_EVENT_RUNS) this.#shedEvents()
  }

  pushSnapshot(frames: readonly WireFrame[]): void {
    for (const { head, body } of frames) {
      this.#items.push({ kind: SNAPSHOT, buffer: head, start: 0, end: head.length, body })
      this.snapshotBytes += head.length + (body?.length ?? 0)
    }
  }

  /** Takes events again, after the client was told what it missed or said where it stands. */
  resumeEvents(): void {
    this.#isHearingEvents = true
  }

  /** Hands over what the sink takes. Call again when the sink has drained. */
  flush(): void {
    if (this.isEmpty) return
    if (!this.#sink.isOpen()) {
      this.clear()
      return
    }
    if (this.#items.length - this.#head === 1 && this.#items[this.#head]!.body === null) {
      if (this.#sink.bufferedBytes() < this.#limits.handOverBytes) this.#writeNext()
      this.#forgetWritten()
      return
    }
    this.#sink.cork()
    while (this.#head < this.#items.length && this.#sink.bufferedBytes() < this.#limits.handOverBytes) {
      this.#writeNext()
    }
    this.#sink.uncork()
    this.#forgetWritten()
  }

  dropEvents(): void {
    const kept = this.#items.slice(this.#head).filter((item) => item.kind !== EVENT)
    this.#items = kept
    this.#head = 0
    this.eventBytes = 0
    this.#eventRuns = 0
  }

  clear(): void {
    this.#items = []
    this.#head = 0
    this.#eventRuns = 0
    this.eventBytes = 0
    this.directBytes = 0
    this.snapshotBytes = 0
  }

  /** A burst within one turn is not slowness: only what the sink refuses counts. */
  #shedEvents(): void {
    this.flush()
    if (this.eventBytes <= this.#limits.maxEventBytes && this.#eventRuns <= MAX_EVENT_RUNS) return
    this.dropEvents()
    this.#isHearingEvents = false
    this.#onOverflow()
  }

  #writeNext(): void {
    const item = this.#items[this.#head++]!
    const { buffer, start, end, body } = item
    this.#sink.write(start === 0 && end === buffer.length ? buffer : sharedView(buffer, start, end))
    if (item.kind === EVENT) {
      this.eventBytes -= end - start
      this.#eventRuns--
    } else if (item.kind === DIRECT) {
      this.directBytes -= end - start
    } else {
      this.snapshotBytes -= end - start
    }
    if (body !== null) {
      this.#sink.write(body)
      this.snapshotBytes -= body.length
    }
  }

  #forgetWritten(): void {
    if (this.#head === this.#items.length) {
      this.#items.length = 0
      this.#head = 0
    } else if (this.#head > 1_024) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
  }
}

const DIRECT = 0
const EVENT = 1
const SNAPSHOT = 2

/** A run of a slab keeps 64 KiB alive, so a subscriber of few tables counts as slow by runs, too. */
const MAX_EVENT_RUNS = 1_024

interface Item {
  kind: typeof DIRECT | typeof EVENT | typeof SNAPSHOT
  buffer: Buffer
  start: number
  end: number
  /** Second half of a snapshot frame; written in the same turn as the first. */
  body: Buffer | null
}

let lastView: Buffer | undefined
let lastBuffer: Buffer | undefined
let lastStart = -1

/** The members of a room are sent the same run one after the other: they share the view, too. */
function sharedView(buffer: Buffer, start: number, end: number): Buffer {
  if (lastView !== undefined && lastBuffer === buffer && lastStart === start && lastView.length === end - start) {
    return lastView
  }
  lastBuffer = buffer
  lastStart = start
  lastView = buffer.subarray(start, end)
  return lastView
}

/** Queues that have something to send at the end of the turn. */
export class FlushList {
  #dirty = new Set<OutgoingQueue>()
  readonly #run = (): void => {
    const queues = this.#dirty
    this.#dirty = new Set()
    for (const queue of queues) queue.flush()
  }

  add(queue: OutgoingQueue): void {
    if (this.#dirty.size === 0) process.nextTick(this.#run)
    this.#dirty.add(queue)
  }
}
