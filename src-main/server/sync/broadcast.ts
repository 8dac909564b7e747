import type { JsonObject } from '../../../src-shared/json.ts'
import type { FullSyncFlag } from '../../../src-shared/protocol/records.ts'
import type { ServerDirective } from '../../../src-shared/protocol/server-frames.ts'
import { rightsOf } from '../../access/view/guarded-module.ts'
import type { ModuleNotice } from '../../store/types.ts'
import { settle, wholeSnapshot } from './requests.ts'
import type { SyncServices } from './services.ts'
import type { Introduction, Session } from './session.ts'
import { textFrame, type WireFrame } from './wire-frame.ts'

/**
 * Carries what the store commits to the rooms and topics.
 *
 *     COMMIT ─ ack of write 1 ─ event 1 ─ ack of write 2 ─ event 2 ... ─ end of turn: queues are flushed
 *
 * After a change of a whole module (reset, purge, restore, import) everyone gets the event and a directive; protocol 1
 * knows neither, so its sockets get a fresh snapshot, built once and shared.
 * Source: docs/sync.md, rules W7, R1 to R4.
 */
export class Broadcaster {
  readonly #services: SyncServices
  readonly #stop: (() => void)[]
  readonly #stale = new Set<string>()
  #timer: NodeJS.Immediate | undefined

  constructor(services: SyncServices) {
    this.#services = services
    const { store, rooms, topics, log } = services
    this.#stop = [
      store.onEvent((event) => {
        // An exception here would reach the store's commit, whose other writers did nothing wrong.
        try {
          rooms.broadcast(event)
          topics.handleEvent(event)
        } catch (error) {
          log.error('broadcast-failed', {
            branchId: event.branchId,
            moduleId: event.moduleId,
            position: event.seq,
            error,
          })
        }
      }),
      store.onNotice((notice) => {
        try {
          this.#handleNotice(notice)
        } catch (error) {
          log.error('notice-failed', { branchId: notice.branchId, moduleId: notice.moduleId, error })
        }
      }),
    ]
  }

  close(): void {
    for (const stop of this.#stop) stop()
    if (this.#timer) clearImmediate(this.#timer)
  }

  #handleNotice(notice: ModuleNotice): void {
    const { branchId, moduleId } = notice
    if (notice.event) {
      this.#services.rooms.broadcast(notice.event)
      this.#services.topics.handleEvent(notice.event)
    }
    const frame = textFrame(JSON.stringify(directiveOf(this.#services, notice)))
    this.#services.counters.channels.branch.serialized++
    for (const session of this.#sessionsOf(branchId, moduleId)) session.sendFrame(frame)
    if (notice.directive !== 'resync') return
    this.#stale.add(branchId)
    this.#timer ??= setImmediate(() => this.#refreshUndeclared())
  }

  /** Next turn: several notices of one change (purge, then reset) cost one snapshot. */
  #refreshUndeclared(): void {
    this.#timer = undefined
    const branches = [...this.#stale]
    this.#stale.clear()
    for (const branchId of branches) this.#sendSnapshots(branchId)
  }

  #sendSnapshots(branchId: string): void {
    const built = new Map<string, WireFrame[]>()
    for (const session of this.#services.sessions) {
      const { introduction } = session
      if (introduction?.protocol !== 1 || introduction.branchId !== branchId || session.isClosing) continue
      try {
        const key = shareKey(introduction)
        let frames = built.get(key)
        if (!frames) {
          frames = wholeSnapshot(this.#services, introduction, 'module-changed')
          built.set(key, frames)
        }
        session.sendSnapshot(frames)
        settle(session, introduction)
      } catch (error) {
        this.#services.log.error('refresh-failed', { branchId, error })
      }
    }
  }

  /** Sessions that hear something of the module; "*" is every module of the branch. */
  *#sessionsOf(branchId: string, moduleId: string): Generator<Session> {
    for (const session of this.#services.sessions) {
      const { introduction } = session
      if (introduction?.branchId !== branchId || session.isClosing) continue
      const modules = moduleId === '*' ? [...introduction.tables.values()] : [introduction.tables.get(moduleId)]
      if (modules.some((tables) => tables !== undefined && tables?.size !== 0)) yield session
    }
  }
}

/** Sessions with the same key are sent the same snapshot. */
function shareKey({ branch, moduleIds, tables, lang }: Introduction): string {
  const rights = moduleIds.map((id) => rightsOf(branch.getModule(id))?.key ?? null)
  return JSON.stringify([moduleIds, moduleIds.map((id) => [...(tables.get(id) ?? ['*'])]), lang ?? null, rights])
}

function directiveOf({ store }: SyncServices, notice: ModuleNotice): ServerDirective {
  const { branchId, moduleId, event, directive } = notice
  const type = 'server:directive'
  if (directive === 'full-sync-flag') {
    const flag = latestFlag(store.getBranch(branchId).fullSyncFlags(moduleId))
    if (flag) return { type, directive, ...flag, toggledVia: 'management-api' }
  }
  const reason = directive === 'reload-schema' ? 'schema-updated' : (event?.action.replace(':', '-') ?? directive)
  const meta: JsonObject = event ? { eventId: event.eventId, epoch: event.epoch, seq: event.seq } : {}
  return { type, directive: directive === 'reload-schema' ? directive : 'resync', reason, branchId, moduleId, meta }
}

function latestFlag(flags: readonly FullSyncFlag[]): FullSyncFlag | undefined {
  return flags.reduce<FullSyncFlag | undefined>(
    (latest, flag) => (latest === undefined || flag.updatedAt >= latest.updatedAt ? flag : latest),
    undefined,
  )
}
