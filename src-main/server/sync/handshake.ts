import { AppError } from '../../../src-shared/errors.ts'
import type { ClientHello } from '../../../src-shared/protocol/client-frames.ts'
import { PROTOCOLS } from '../../../src-shared/protocol/version.ts'
import { eventViewOf } from '../../access/view/guarded-module.ts'
import type { BranchStore } from '../../store/api.ts'
import { catchUp } from './catch-up.ts'
import { sendHistory, sendWholeSnapshot } from './requests.ts'
import type { SyncServices } from './services.ts'
import type { Introduction, Session } from './session.ts'

/** What a socket hears first. Source: docs/sync.md, rule H1. */
export function greet(services: SyncServices, session: Session): void {
  const now = new Date(services.now()).toISOString()
  session.send({
    type: 'server:hello',
    serverId: services.store.serverId,
    timestamp: now,
    now,
    message: 'Connected to Mishkah WS2 Gateway',
    protocols: PROTOCOLS,
    defaults: { branchId: session.principalOrNone ? defaultBranchId(services) : null },
  })
}

/** A hello without a branch means the only one; with several it has to name one. */
function defaultBranchId(services: SyncServices): string | null {
  const ids = services.store.branchIds()
  return ids.length === 1 ? ids[0]! : null
}

/**
 * Takes a socket into the rooms of a branch, after it was sent what it is missing.
 *
 * Everything that can be refused is checked before anything changes: a refused hello leaves the socket where it was,
 * a good second one leaves the first rooms.
 * Source: docs/sync.md, rules H2 to H7, P2.
 */
export function handleHello(services: SyncServices, session: Session, hello: ClientHello): void {
  const introduction = introduce(services, session, hello)
  session.leaveRooms()
  if (session.topicBranchId !== introduction.branchId) services.topics.leave(session)
  session.introduction = introduction
  session.topicBranchId = introduction.branchId
  if (session.hearAgain()) services.topics.resend(session)
  session.helloCount++
  services.log.debug('socket-hello', {
    branchId: introduction.branchId,
    protocol: introduction.protocol,
    role: introduction.role,
    address: session.address,
  })
  if (introduction.protocol === 2) {
    catchUp(services, session, introduction, hello)
    return
  }
  welcomeUndeclared(services, session, introduction, hello)
}

function welcomeUndeclared(
  services: SyncServices,
  session: Session,
  introduction: Introduction,
  hello: ClientHello,
): void {
  const { branchId, role, lang } = introduction
  session.sendLog('info', 'Client registered', {
    branchId,
    role: role ?? null,
    lang: lang ?? null,
  })
  if (hello.requestSnapshot) sendWholeSnapshot(services, session, introduction, 'initial-sync', hello.requestId)
  takeSeats(services, session, introduction)
  if (hello.requestHistory)
    sendHistory(session, introduction, { requestId: hello.requestId, limit: hello.historyLimit })
}

/** Joins every room at the head of its log, in the turn in which the head was read. */
export function takeSeats(services: SyncServices, session: Session, introduction: Introduction): void {
  for (const moduleId of introduction.moduleIds) {
    const module = introduction.branch.getModule(moduleId)
    const { epoch, seq } = module.head()
    const tables = introduction.tables.get(moduleId) ?? null
    const room = services.rooms.open(introduction.branchId, moduleId)
    session.takeSeat({ room, member: { outgoing: session.outgoing, tables, view: eventViewOf(module), epoch, seq } })
  }
}

/** @throws AppError `protocol-unsupported`, `missing-branch-id`, `branch-not-found`, `module-not-found` ... */
function introduce(services: SyncServices, session: Session, hello: ClientHello): Introduction {
  const { principal } = session
  const protocol = hello.protocol ?? 1
  if (protocol !== 1 && protocol !== 2) {
    const message = `This server speaks the protocols ${PROTOCOLS.join(' and ')}.`
    throw new AppError('protocol-unsupported', message, { details: { protocols: [...PROTOCOLS] } })
  }
  const branchId = hello.branchId ?? defaultBranchId(services)
  if (branchId === null) throw new AppError('missing-branch-id', 'The hello names no branch.')
  // As the socket's principal sees it, who may be another one after a token was renewed.
  const openBranch = (): BranchStore => services.guard.storeFor(session.principal, services.store).getBranch(branchId)
  const branch = openBranch()
  const moduleIds = [...new Set(hello.modules ?? branch.moduleIds())]
  for (const moduleId of moduleIds) branch.getModule(moduleId)
  return {
    branchId,
    get branch() {
      return openBranch()
    },
    protocol,
    clientId: hello.clientId,
    // What a client says of itself counts only while nobody can sign in.
    userId: principal.kind === 'setup' ? hello.userId : (principal.uid ?? undefined),
    role: hello.role,
    lang: hello.lang,
    moduleIds,
    onlyModuleId: hello.modules && moduleIds.length === 1 ? moduleIds[0] : undefined,
    tables: subscribedTables(branch, moduleIds, hello.tables),
  }
}

/** Each name must mean a table of at least one module of the session. */
function subscribedTables(
  branch: BranchStore,
  moduleIds: readonly string[],
  names: readonly string[] | undefined,
): ReadonlyMap<string, ReadonlySet<string> | null> {
  const tables = new Map<string, Set<string> | null>()
  for (const moduleId of moduleIds) tables.set(moduleId, names ? new Set() : null)
  for (const name of names ?? []) {
    let failure: unknown
    let isKnown = false
    for (const moduleId of moduleIds) {
      try {
        tables.get(moduleId)!.add(branch.getModule(moduleId).resolveTable(name).name)
        isKnown = true
      } catch (error) {
        failure = error
      }
    }
    if (!isKnown && failure) throw failure
  }
  return tables
}
