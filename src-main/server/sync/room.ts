import { AppError } from '../../../src-shared/errors.ts'
import type { EventView } from '../../access/view/event-view.ts'
import type { StoredEvent } from '../../store/types.ts'
import { buildEventFrame } from '../ack.ts'
import type { GatewayCounters } from './gateway-figures.ts'
import type { FlushList, OutgoingQueue } from './outgoing-queue.ts'
import { type FrameRun, FrameSlab } from './wire-frame.ts'

/** A session's place in a room: what it wants, and the last position it needs nothing before. */
export interface Member {
  readonly outgoing: OutgoingQueue
  /** Canonical names; null for all. */
  readonly tables: ReadonlySet<string> | null
  /** What its rules let it see; null for everything. Members with the same rights have the same. */
  readonly view: EventView | null
  epoch: number
  seq: number
}

/** An event as it is sent. */
interface SentEvent {
  seq: number
  run: FrameRun
  /** Table and group decide whom it is for. */
  event: Pick<StoredEvent, 'table' | 'group'>
}

/** An event that is being sent, with what each view makes of it: its frame, or null for nothing. */
interface LiveEvent extends SentEvent {
  event: StoredEvent
  seen: Map<EventView, FrameRun | null>
  /** Frames by what they show: views that hide the same share one. */
  frames: Map<string, FrameRun>
}

const MAX_RECENT_EVENTS = 512
const MAX_RECENT_BYTES = 4 * 1_048_576

/**
 * Everyone who hears the events of one branch and module.
 *
 * A session joins at a known position in the turn in which it read the log (or the snapshot) up to that position. The
 * store publishes events in later turns only, in commit order, so nothing falls between and nothing comes twice:
 *
 *     turn 1   | snapshot at seq 41 · queue its frames · join at 41 |
 *     turn 2   | COMMIT 42, 43 · ack 42 · broadcast 42 · ack 43 · broadcast 43 |
 *     socket   : snapshot(41)  event 42  event 43
 *
 * An event is serialized once, into the room's slab, and every member's queue refers to the same bytes. The frames of
 * the last events stay, so that sockets that return after a cut are caught up without serializing again.
 * Source: docs/sync.md, rules P1 to P5, D8.
 */
export class Room {
  readonly branchId: string
  readonly moduleId: string
  readonly #counters: GatewayCounters
  readonly #flushList: FlushList
  readonly #members = new Set<Member>()
  readonly #slab = new FrameSlab()
  #epoch = 0
  #recent: SentEvent[] = []
  #recentBytes = 0
  /** Events of a group that is not complete yet, for members that may want only some of its tables. */
  #openGroup: LiveEvent[] = []

  constructor(branchId: string, moduleId: string, counters: GatewayCounters, flushList: FlushList) {
    this.branchId = branchId
    this.moduleId = moduleId
    this.#counters = counters
    this.#flushList = flushList
  }

  get size(): number {
    return this.#members.size
  }

  join(member: Member): void {
    this.#members.add(member)
  }

  leave(member: Member): void {
    this.#members.delete(member)
  }

  broadcast(event: StoredEvent): void {
    if (this.#members.size === 0) {
      this.#forgetRecent()
      return
    }
    if (event.epoch !== this.#epoch) {
      this.#forgetRecent()
      this.#epoch = event.epoch
    }
    const last = this.#recent.at(-1)
    if (last !== undefined && event.seq <= last.seq) return
    const sent = this.#serialize(event)
    const bytes = sent.run.end - sent.run.start
    this.#remember(sent)
    const group = this.#groupOf(sent)
    let receivers = 0
    for (const member of this.#members) {
      if (member.epoch === event.epoch && member.seq >= event.seq) continue
      if (member.view !== null) receivers += this.#queueSeen(member, member.view, member.tables ? group : [sent])
      else receivers += member.tables === null ? this.#queue(member, sent.run) : this.#queueWanted(member, group)
    }
    this.#counters.count('branch', receivers, bytes)
  }

  /**
   * Queues the events after `afterSeq` up to `headSeq` for a member that is about to join at the head. Like a snapshot
   * they do not count against the limit of a slow reader, who would otherwise never catch up.
   *
   * @param readEvents - Reads the events after a position from the log.
   * @throws AppError `cursor-expired` when the log has a gap there.
   */
  catchUp(
    member: Member,
    position: { epoch: number; afterSeq: number; headSeq: number },
    readEvents: (afterSeq: number) => StoredEvent[],
  ): void {
    const { epoch, afterSeq, headSeq } = position
    const missed = this.#recentAfter(epoch, afterSeq, headSeq) ?? this.#load(epoch, afterSeq, headSeq, readEvents)
    const runs: FrameRun[] = []
    for (let index = 0; index < missed.length; ) {
      const size = Math.max(1, sizeOfGroup(missed, index))
      const together = missed.slice(index, index + size)
      index += size
      if (!isWanted(member, together)) continue
      this.#counters.channels.branch.frames += size
      for (const { run } of together) appendRun(runs, run)
    }
    for (const { start, end } of runs) this.#counters.channels.branch.bytes += end - start
    const frames = runs.map(({ buffer, start, end }) => ({ head: buffer.subarray(start, end), body: null }))
    member.outgoing.pushSnapshot(frames)
    this.#flushList.add(member.outgoing)
  }

  #serialize(event: StoredEvent): LiveEvent {
    return { seq: event.seq, run: this.#slab.append(buildEventFrame(event)), event, seen: new Map(), frames: new Map() }
  }

  /** The frame of an event for a view: the common one where nothing is hidden, else one that the view's members share. */
  #frameFor(sent: LiveEvent, view: EventView): FrameRun | null {
    const known = sent.seen.get(view)
    if (known !== undefined) return known
    const seen = view.of(sent.event)
    const run = seen ? this.#runOf(sent, seen) : null
    sent.seen.set(view, run)
    return run
  }

  #runOf(sent: LiveEvent, seen: StoredEvent): FrameRun {
    if (isSameFrame(seen, sent.event)) return sent.run
    // Texts that were cut for several listeners are one, so that they are quick to find.
    const shown = seen.table === null ? JSON.stringify(seen.meta) : (seen.recordText ?? 'deleted')
    let run = sent.frames.get(shown)
    if (!run) {
      run = this.#slab.append(buildEventFrame(seen))
      sent.frames.set(shown, run)
      this.#counters.channels.branch.serialized++
    }
    return run
  }

  /** The events that must be delivered together with this one, once the last of them is here. */
  #groupOf(sent: LiveEvent): LiveEvent[] {
    const { group } = sent.event
    if (group === undefined || group.size <= 1) return [sent]
    if (group.index === 0) this.#openGroup = []
    this.#openGroup.push(sent)
    if (group.index < group.size - 1) return []
    const complete = this.#openGroup
    this.#openGroup = []
    return complete
  }

  #queue(member: Member, run: FrameRun): number {
    if (!member.outgoing.isHearingEvents) return 0
    member.outgoing.pushEvent(run)
    this.#flushList.add(member.outgoing)
    return 1
  }

  /** A member that wants some tables gets a group whole when it wants one of its tables. */
  #queueWanted(member: Member, group: readonly SentEvent[]): number {
    if (group.length === 0 || !isWanted(member, group)) return 0
    for (const sent of group) this.#queue(member, sent.run)
    return group.length
  }

  #queueSeen(member: Member, view: EventView, group: readonly LiveEvent[]): number {
    if (group.length === 0 || !isWanted(member, group)) return 0
    let queued = 0
    for (const sent of group) {
      const run = this.#frameFor(sent, view)
      if (run !== null) queued += this.#queue(member, run)
    }
    return queued
  }

  #recentAfter(epoch: number, afterSeq: number, headSeq: number): SentEvent[] | undefined {
    if (epoch !== this.#epoch) return undefined
    const first = this.#recent[0]
    const last = this.#recent.at(-1)
    if (first === undefined || first.seq > afterSeq + 1 || last?.seq !== headSeq) return undefined
    return this.#recent.slice(afterSeq + 1 - first.seq)
  }

  #load(
    epoch: number,
    afterSeq: number,
    headSeq: number,
    readEvents: (afterSeq: number) => StoredEvent[],
  ): SentEvent[] {
    const events = readEvents(afterSeq)
    if (events.length !== headSeq - afterSeq || events.at(-1)?.seq !== headSeq) {
      throw new AppError('invalid-cursor', 'The log does not hold every event after this position.')
    }
    this.#epoch = epoch
    this.#counters.channels.branch.serialized += events.length
    this.#recent = events.map((event) => {
      const { seq, run } = this.#serialize(event)
      return { seq, run, event }
    })
    this.#recentBytes = this.#recent.reduce((sum, { run }) => sum + run.end - run.start, 0)
    const loaded = this.#recent
    if (this.#recentBytes > MAX_RECENT_BYTES) this.#forgetRecent()
    return loaded
  }

  #remember(sent: SentEvent): void {
    if (this.#recent.at(-1)?.seq !== sent.seq - 1) this.#forgetRecent()
    this.#recent.push({ seq: sent.seq, run: sent.run, event: { table: sent.event.table, group: sent.event.group } })
    this.#recentBytes += sent.run.end - sent.run.start
    if (this.#recent.length < MAX_RECENT_EVENTS * 2 && this.#recentBytes <= MAX_RECENT_BYTES) return
    const kept = this.#recent.slice(Math.min(MAX_RECENT_EVENTS, this.#recent.length >> 1))
    this.#recent = kept
    this.#recentBytes = kept.reduce((sum, { run }) => sum + run.end - run.start, 0)
  }

  #forgetRecent(): void {
    this.#recent = []
    this.#recentBytes = 0
    this.#openGroup = []
  }
}

/** What an event frame is made of; the hash stands in none. */
function isSameFrame(seen: StoredEvent, event: StoredEvent): boolean {
  return seen.recordText === event.recordText && seen.isDeleted === event.isDeleted && seen.meta === event.meta
}

function sizeOfGroup(events: readonly SentEvent[], index: number): number {
  const group = events[index]!.event.group
  if (group === undefined) return 1
  return Math.min(group.size - group.index, events.length - index)
}

/** Runs that lie side by side become one. */
function appendRun(runs: FrameRun[], run: FrameRun): void {
  const last = runs.at(-1)
  if (last !== undefined && last.buffer === run.buffer && last.end === run.start) last.end = run.end
  else runs.push({ ...run })
}

/** Events of the whole module are for everyone who hears any table. */
function isWanted(member: Member, events: readonly SentEvent[]): boolean {
  const { tables } = member
  if (tables === null) return true
  if (tables.size === 0) return false
  return events.some(({ event }) => event.table === null || tables.has(event.table))
}
