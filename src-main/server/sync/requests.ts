import type { ClientHistoryRequest, ClientSnapshotRequest } from '../../../src-shared/protocol/client-frames.ts'
import type { ServerSnapshot, ServerSnapshotEnd } from '../../../src-shared/protocol/server-frames.ts'
import type { BranchStore } from '../../store/api.ts'
import { buildEventFrame } from '../ack.ts'
import type { SyncServices } from './services.ts'
import type { Introduction, Session } from './session.ts'
import { wantedTables } from './snapshot-frames.ts'
import { snapshotIn } from './translated-snapshot.ts'
import type { WireFrame } from './wire-frame.ts'

const DEFAULT_HISTORY = 100
const MAX_HISTORY = 1_000

/** A fresh snapshot on request. The session stays in its rooms, at the position of the snapshot. */
export function handleSnapshotRequest(services: SyncServices, session: Session, frame: ClientSnapshotRequest): void {
  const introduction = session.requireIntroduction('snapshot request')
  if (introduction.protocol === 1) {
    sendWholeSnapshot(services, session, introduction, 'explicit-request', frame.requestId)
    return
  }
  const moduleIds = frame.moduleId === undefined ? introduction.moduleIds : [frame.moduleId]
  sendSnapshotParts(services, session, introduction, moduleIds, 'explicit-request', frame.requestId)
}

/** The last events of a module, oldest first. */
export function handleHistoryRequest(session: Session, frame: ClientHistoryRequest): void {
  sendHistory(session, session.requireIntroduction('history request'), frame)
}

export function sendHistory(
  session: Session,
  introduction: Introduction,
  request: { requestId?: string | undefined; moduleId?: string | undefined; limit?: number | undefined },
): void {
  const { branch, moduleIds } = introduction
  const module = branch.getModule(request.moduleId ?? introduction.onlyModuleId ?? moduleIds[0])
  const limit = Math.min(request.limit ?? DEFAULT_HISTORY, MAX_HISTORY)
  const { seq } = module.head()
  const events = limit === 0 ? [] : module.readEvents(Math.max(0, seq - limit), limit)
  const head = JSON.stringify({
    type: 'server:history',
    ...(request.requestId !== undefined && { requestId: request.requestId }),
    branchId: branch.branchId,
    moduleId: module.moduleId,
  })
  session.sendText(`${head.slice(0, -1)},"events":[${events.map(buildEventFrame).join(',')}]}`)
}

/** One `server:snapshot` frame with every module of the session (protocol 1). */
export function sendWholeSnapshot(
  services: SyncServices,
  session: Session,
  introduction: Introduction,
  reason: string,
  requestId?: string,
): void {
  session.sendSnapshot(wholeSnapshot(services, introduction, reason, requestId))
  settle(session, introduction)
}

/** The frames of a snapshot; without a request id they serve every socket that wants the same modules and tables. */
export function wholeSnapshot(
  services: SyncServices,
  introduction: Introduction,
  reason: string,
  requestId?: string,
): WireFrame[] {
  const { branch, lang } = introduction
  const parts = introduction.moduleIds.map((moduleId) => ({
    branchId: branch.branchId,
    moduleId,
    snapshot: snapshotIn(branch.getModule(moduleId), lang),
    tables: introduction.tables.get(moduleId) ?? null,
  }))
  const tail = snapshotTail(services, branch, reason, requestId, lang)
  return services.snapshots.whole(branch.branchId, parts, tail)
}

/** The parts and the closing frame (protocol 2). */
export function sendSnapshotParts(
  services: SyncServices,
  session: Session,
  introduction: Introduction,
  moduleIds: readonly string[],
  reason: string,
  requestId?: string,
): void {
  const { branch } = introduction
  const modules: ServerSnapshotEnd['modules'] = {}
  const cursor: ServerSnapshotEnd['cursor'] = {}
  for (const moduleId of moduleIds) {
    const snapshot = branch.getModule(moduleId).snapshot()
    const part = { branchId: branch.branchId, moduleId, snapshot, tables: introduction.tables.get(moduleId) ?? null }
    session.sendSnapshot(services.snapshots.parts(part))
    const tableNames = wantedTables(part).map(({ name }) => name)
    const { seq: version, meta } = snapshot
    modules[moduleId] = { moduleId, branchId: branch.branchId, version, tableNames, meta }
    cursor[moduleId] = { epoch: snapshot.epoch, seq: snapshot.seq }
  }
  const tail = snapshotTail(services, branch, reason, requestId)
  session.send({ type: 'server:snapshot', branchId: branch.branchId, modules, cursor, ...tail })
  settle(session, introduction, moduleIds)
}

/** Nothing up to the snapshot's position comes again: it was read in this turn, so that position is the head. */
export function settle(
  session: Session,
  introduction: Introduction,
  moduleIds = introduction.moduleIds as readonly string[],
): void {
  for (const moduleId of moduleIds) {
    const seat = session.findSeat(moduleId)
    if (seat) Object.assign(seat.member, position(introduction.branch, moduleId))
  }
}

function position(branch: BranchStore, moduleId: string): { epoch: number; seq: number } {
  const { epoch, seq } = branch.getModule(moduleId).head()
  return { epoch, seq }
}

function snapshotTail(
  services: SyncServices,
  branch: BranchStore,
  reason: string,
  requestId?: string,
  lang?: string,
): Pick<ServerSnapshot, 'fullSyncFlags' | 'meta'> {
  const fullSyncFlags = branch.fullSyncFlags()
  const isRequired = fullSyncFlags.some((flag) => flag.enabled)
  return {
    fullSyncFlags,
    meta: {
      reason,
      ...(requestId !== undefined && { requestId }),
      serverId: services.store.serverId,
      branchId: branch.branchId,
      snapshotAt: new Date(services.now()).toISOString(),
      ...(lang !== undefined && { lang }),
      ...(isRequired && { fullSyncRequired: true as const, fullSyncFlags }),
    },
  }
}
