import { setImmediate } from 'node:timers/promises'
import type { ClientHello } from '../../../src-shared/protocol/client-frames.ts'
import type { CatchUpMode, ServerReady } from '../../../src-shared/protocol/server-frames.ts'
import { eventViewOf } from '../../access/view/guarded-module.ts'
import type { ModuleStore } from '../../store/api.ts'
import type { Delta } from '../../store/types.ts'
import { sendHistory, sendSnapshotParts } from './requests.ts'
import type { Member } from './room.ts'
import type { SyncServices } from './services.ts'
import type { Introduction, Session } from './session.ts'
import { fragmentFrames } from './wire-frame.ts'

/** How a module gets from the client's cursor to the head. */
interface Plan {
  /** Looked up each time: between two pages the branch may be restored, or opened on another schema. */
  readonly module: ModuleStore
  mode: CatchUpMode
  /** Where the client stands; moves forward with each delta. */
  cursor: { epoch: number; seq: number }
  /** Deltas were sent in earlier turns. */
  hasDeltas?: boolean
  /** Why the cursor cannot be continued. */
  reason?: string
}

/**
 * Sends a protocol 2 session what it misses, then `server:ready`, and lets it hear events.
 *
 * Long deltas are sent page by page over several turns, so that one tablet that slept for a week does not stop the
 * others; the rooms are joined only in the last turn, in which every module is brought to its head:
 *
 *     turn 1..n | delta 100..1100 | delta 1100..2100 | ...        (writes go on, the session hears none of them)
 *     last turn | rest of module A · join A · events of module B · join B · ready with both cursors |
 *
 * Source: docs/sync.md, rules D1 to D8, H4 to H6, P2.
 */
export function catchUp(
  services: SyncServices,
  session: Session,
  introduction: Introduction,
  hello: ClientHello,
): void {
  const plans = introduction.moduleIds.map((moduleId) => planOf(services, session, introduction, hello, moduleId))
  const long = plans.filter((plan) => plan.mode === 'events' && isLong(services, plan))
  if (long.length === 0) {
    finish(services, session, introduction, hello, plans)
    return
  }
  sendLongDeltas(services, session, introduction, long)
    .then((isCurrent) => isCurrent && finish(services, session, introduction, hello, plans))
    .catch((error: unknown) => session.sendError(error, hello.requestId))
}

function planOf(
  services: SyncServices,
  session: Session,
  introduction: Introduction,
  hello: ClientHello,
  moduleId: string,
): Plan {
  const module = introduction.branch.getModule(moduleId)
  const { epoch, seq } = module.head()
  const plan: Plan = {
    get module() {
      return introduction.branch.getModule(moduleId)
    },
    mode: 'none',
    cursor: { epoch, seq },
  }
  const isSubscribed = introduction.tables.get(moduleId)?.size !== 0
  if (!isSubscribed) return plan
  const claim = hello.cursor?.[moduleId]
  const withoutCursor = hello.requestSnapshot ? 'snapshot' : 'none'
  const isSameView = services.guard.history.continues(session.principal, module, claim)
  if (!claim) return Object.assign(plan, { mode: withoutCursor })
  // A page without tables is enough to hear whether the cursor can be continued.
  const probe = module.delta({ cursor: claim, tables: [], limit: 1 })
  // Even at the head: while another module's deltas are sent, this one may move on.
  if (!probe.requiresFullSync && isSameView) return Object.assign(plan, { mode: 'events', cursor: { ...claim } })
  const reason = probe.requiresFullSync ? (probe.reason ?? 'no-cursor') : 'rights-changed'
  services.log.debug('full-sync', { moduleId, reason })
  return Object.assign(plan, { mode: withoutCursor, reason })
}

function isLong(services: SyncServices, { module, cursor }: Plan): boolean {
  return module.head().seq - cursor.seq > services.options.maxCatchUpEvents
}

/** False when the socket closed or said hello again meanwhile. */
async function sendLongDeltas(
  services: SyncServices,
  session: Session,
  introduction: Introduction,
  plans: readonly Plan[],
): Promise<boolean> {
  const hello = session.helloCount
  for (const plan of plans) {
    while (isLong(services, plan)) {
      if (!sendDelta(services, session, introduction, plan)) break
      await setImmediate()
      if (session.helloCount !== hello || session.isClosing) return false
    }
  }
  return true
}

/** One page; false when the cursor cannot be continued any more (a restore came between), which asks for a snapshot. */
function sendDelta(services: SyncServices, session: Session, introduction: Introduction, plan: Plan): boolean {
  const { module, cursor } = plan
  const tables = introduction.tables.get(module.moduleId)
  const delta = module.delta({
    cursor,
    limit: services.options.maxDeltaRecords,
    ...(tables && { tables: [...tables] }),
  })
  if (delta.requiresFullSync) {
    plan.mode = 'snapshot'
    plan.reason = delta.reason ?? 'no-cursor'
    return false
  }
  session.sendSnapshot(fragmentFrames([deltaText(module, cursor.seq, delta)], { isFirst: true, isLast: true }))
  plan.cursor = { epoch: delta.epoch, seq: delta.seq }
  plan.hasDeltas = true
  return true
}

function deltaText(module: ModuleStore, from: number, delta: Delta): string {
  const { branchId, moduleId } = module
  const head = { type: 'server:delta', branchId, moduleId, epoch: delta.epoch, from, to: delta.seq }
  const tables = Object.entries(delta.tables)
    .filter(([, { recordTexts }]) => recordTexts.length > 0)
    .map(([name, { recordTexts }]) => `${JSON.stringify(name)}:[${recordTexts.join(',')}]`)
  const deleted: Record<string, string[]> = {}
  for (const [name, change] of Object.entries(delta.tables))
    if (change.deleted.length > 0) deleted[name] = change.deleted
  return (
    `${JSON.stringify(head).slice(0, -1)},"tables":{${tables.join(',')}},` +
    `"deleted":${JSON.stringify(deleted)},"hasMore":${delta.hasMore}}`
  )
}

/** The last turn: every module to its head, every room joined there, then the answer. */
function finish(
  services: SyncServices,
  session: Session,
  introduction: Introduction,
  hello: ClientHello,
  plans: readonly Plan[],
): void {
  const ready: ServerReady = {
    type: 'server:ready',
    ...(hello.requestId !== undefined && { requestId: hello.requestId }),
    protocol: 2,
    branchId: introduction.branchId,
    cursor: {},
    mode: 'none',
    modes: {},
  }
  for (const plan of plans) if (plan.mode === 'events') sendRest(services, session, introduction, plan)
  const inFull = plans.filter(({ mode }) => mode === 'snapshot').map(({ module }) => module.moduleId)
  if (inFull.length > 0) {
    sendSnapshotParts(services, session, introduction, inFull, 'initial-sync', hello.requestId)
  }
  for (const { module, mode, reason } of plans) {
    const { epoch, seq } = module.head()
    const { moduleId } = module
    const tables = introduction.tables.get(moduleId) ?? null
    const room = services.rooms.open(introduction.branchId, moduleId)
    const view = eventViewOf(module)
    session.takeSeat({ room, member: { outgoing: session.outgoing, tables, view, epoch, seq } })
    ready.cursor[moduleId] = { epoch, seq }
    ready.modes[moduleId] = mode
    if (mode !== 'none' && ready.mode !== 'snapshot') ready.mode = mode
    if (reason !== undefined) ready.fullSync = { ...ready.fullSync, [moduleId]: reason }
  }
  session.send(ready)
  if (hello.requestHistory)
    sendHistory(session, introduction, { requestId: hello.requestId, limit: hello.historyLimit })
}

/** What is left after the long deltas, or all of it: single events where they suffice, else a delta. */
function sendRest(services: SyncServices, session: Session, introduction: Introduction, plan: Plan): void {
  const { module, cursor } = plan
  const { requiresFullSync, reason } = module.delta({ cursor, tables: [], limit: 1 })
  if (requiresFullSync) {
    Object.assign(plan, { mode: 'snapshot', reason })
    return
  }
  const head = module.head()
  if (head.seq === cursor.seq) {
    if (!plan.hasDeltas) plan.mode = 'none'
    return
  }
  // Single events do not tell a restricted reader what has left its view; a delta does.
  const view = eventViewOf(module)
  if (view === null && head.seq - cursor.seq <= services.options.maxCatchUpEvents) {
    const tables = introduction.tables.get(module.moduleId) ?? null
    const member: Member = { outgoing: session.outgoing, tables, view, epoch: head.epoch, seq: head.seq }
    const room = services.rooms.open(module.branchId, module.moduleId)
    const range = { epoch: head.epoch, afterSeq: cursor.seq, headSeq: head.seq }
    room.catchUp(member, range, (afterSeq) => module.readEvents(afterSeq, services.options.maxCatchUpEvents))
    return
  }
  while (plan.mode === 'events' && plan.cursor.seq < module.head().seq) sendDelta(services, session, introduction, plan)
}
