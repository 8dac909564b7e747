import { isDeepStrictEqual } from 'node:util'
import { AppError, isAppError } from '../../../src-shared/errors.ts'
import type { JsonObject } from '../../../src-shared/json.ts'
import type { PubSubFrame } from '../../../src-shared/protocol/client-frames.ts'
import type { TopicChange } from '../../../src-shared/protocol/server-frames.ts'
import type { Guard } from '../../access/view/guard.ts'
import { rightsOf } from '../../access/view/guarded-module.ts'
import { seesAll } from '../../access/view/record-view.ts'
import type { Store } from '../../store/api.ts'
import type { TableDefinition } from '../../store/schema/definition.ts'
import type { StoredEvent } from '../../store/types.ts'
import type { GatewayCounters } from './gateway-figures.ts'
import type { FlushList } from './outgoing-queue.ts'
import type { Session } from './session.ts'
import { SyncTopics } from './sync-topics.ts'
import { branchTopics, isBranchTopic, isToldOn, parseTopic, type Topic, tableTopics } from './topic-names.ts'
import { textFrame } from './wire-frame.ts'

/** A topic of one branch with its last data. */
interface OpenTopic {
  name: string
  kind: Topic['kind']
  retained: JsonObject | undefined
  retainedBytes: number
  subscribers: Set<Session>
}

interface TopicParts {
  store: Store
  guard: Guard
  counters: GatewayCounters
  flushList: FlushList
  now: () => number
}

const MAX_TOPICS_OF_BRANCH = 256
const MAX_RETAINED_BYTES = 262_144

/**
 * The pub/sub dialect: topics inside one branch. A socket belongs to the branch of its hello, or to the first branch
 * that one of its topics names; topics of other branches are refused, and a free topic of the same name in another
 * branch is another topic.
 *
 * A subscriber gets the retained data, then what changes at its top level. Topics that nobody hears cost nothing:
 * events are turned into topic data only when a subscriber is there. Only topics with data of a client stay open
 * without subscribers, the oldest of them makes room.
 * Source: docs/sync.md, rules T1 to T6.
 */
export class TopicHub {
  readonly #store: Store
  readonly #guard: Guard
  readonly #counters: GatewayCounters
  readonly #flushList: FlushList
  readonly #branches = new Map<string, Map<string, OpenTopic>>()
  readonly #sync: SyncTopics

  constructor({ store, guard, counters, flushList, now }: TopicParts) {
    this.#store = store
    this.#guard = guard
    this.#counters = counters
    this.#flushList = flushList
    this.#sync = new SyncTopics(store, guard, now, (branchId, name, data) => this.#publish(branchId, name, data))
  }

  get size(): number {
    let size = 0
    for (const topics of this.#branches.values()) size += topics.size
    return size
  }

  handle(session: Session, frame: PubSubFrame): void {
    if (frame.type === 'auth') {
      session.send({ type: 'ack', event: 'auth' })
      return
    }
    const topic = parseTopic(frame.topic, (word) => this.#store.branchIds().includes(word))
    if (!topic) throw new AppError('invalid-topic', 'No such topic.')
    const branchId = this.#branchOf(session, topic)
    if (frame.type === 'subscribe') this.#subscribe(session, branchId, topic)
    else if (topic.kind === 'table') throw new AppError('forbidden', 'Only the server publishes on this topic.')
    else {
      // Devices act on what these topics say, as if the server had said it.
      if (topic.kind === 'sync' || isBranchTopic(branchId, topic.name)) this.#requireWriter(session, branchId, topic)
      if (topic.kind === 'sync') this.#sync.handlePublish(session, topic, frame.data)
      else this.#publishRetained(branchId, topic.name, frame.data)
    }
  }

  /** A committed change, told on the topics that have subscribers. */
  handleEvent(event: StoredEvent): void {
    const topics = this.#branches.get(event.branchId)
    if (topics === undefined || topics.size === 0) return
    this.#sync.handleEvent(event, (name) => topics.get(name)?.subscribers.size !== undefined)
    if (event.table === null) return
    const table = this.#findTable(event, event.table)
    for (const name of tableTopics(event, table)) {
      if (topics.has(name)) this.#publish(event.branchId, name, tableNotice(event))
    }
    for (const { name, topic } of branchTopics(event)) {
      if (topics.has(name)) this.#publish(event.branchId, name, branchNotice(event, topic))
    }
  }

  /** Undefined while the branch is away: its last events come while it is being closed. */
  #findTable({ branchId, moduleId }: StoredEvent, name: string): TableDefinition | undefined {
    try {
      return this.#store.getBranch(branchId).getModule(moduleId).definition.tables.get(name)
    } catch (error) {
      if (isAppError(error)) return undefined
      throw error
    }
  }

  leave(session: Session): void {
    const { topicBranchId } = session
    if (topicBranchId === undefined) return
    for (const name of session.topics) this.#unsubscribe(session, topicBranchId, name)
    session.topics.clear()
  }

  close(): void {
    this.#sync.close()
  }

  /** @throws AppError `branch-not-found`, `forbidden`, `invalid-topic`. */
  #branchOf(session: Session, topic: Topic): string {
    const only = this.#store.branchIds()
    const named = topic.branchId ?? session.topicBranchId ?? (only.length === 1 ? only[0] : undefined)
    if (named === undefined) throw new AppError('invalid-topic', 'Say hello to a branch before using this topic.')
    const { branchId } = this.#guard.storeFor(session.principal, this.#store).getBranch(named)
    session.topicBranchId ??= branchId
    if (session.topicBranchId !== named) throw new AppError('forbidden', 'The topic belongs to another branch.')
    return named
  }

  #subscribe(session: Session, branchId: string, topic: Topic): void {
    if (!session.topics.has(topic.name) && !session.canSubscribe) {
      throw new AppError('invalid-topic', 'This socket has as many topics as it may have.')
    }
    if (topic.kind !== 'free' || isBranchTopic(branchId, topic.name)) this.#assertSeesAll(session, branchId, topic)
    const initial = topic.kind === 'sync' ? this.#sync.read(topic) : undefined
    const open = this.#open(branchId, topic.name, topic.kind)
    // Those who are subscribed already must not miss what a newcomer gets in its snapshot.
    if (initial) this.#publish(branchId, topic.name, initial)
    open.subscribers.add(session)
    session.topics.add(topic.name)
    session.send({ type: 'ack', event: 'subscribe', topic: topic.name })
    sendRetained(session, open)
  }

  /**
   * What the server tells on a topic is made once for all subscribers, so only those hear it who may see all of the tables
   * that it tells of; others follow the events of their rooms, which are made for each.
   */
  #assertSeesAll(session: Session, branchId: string, topic: Topic): void {
    const branch = this.#guard.storeFor(session.principal, this.#store).getBranch(branchId)
    const hasLimits = branch.moduleIds().some((moduleId) => {
      const rights = rightsOf(branch.getModule(moduleId))
      return rights?.tables().some((table) => !seesAll(table) && isToldOn(topic, { branchId, moduleId }, table.table))
    })
    if (!hasLimits) return
    throw new AppError(
      'forbidden',
      'This topic tells of records that your role may not see; follow the events instead.',
      {
        details: { rule: 'topics need whole tables' },
      },
    )
  }

  /** @throws AppError `forbidden` for who may change none of the tables that the topic tells of. */
  #requireWriter({ principal }: Session, branchId: string, topic: Topic): void {
    if (!this.#guard.isRestricted(principal)) return
    const branch = this.#guard.storeFor(principal, this.#store).getBranch(branchId)
    const told = branch.moduleIds().flatMap((moduleId) => {
      const module = branch.getModule(moduleId)
      const tables = [...module.definition.tables.values()]
      const names = tables.filter((table) => isToldOn(topic, { branchId, moduleId }, table)).map(({ name }) => name)
      return names.map((name) => rightsOf(module)?.of(name).words ?? { insert: '*' })
    })
    // Without such a table the server tells nothing there: devices speak among themselves.
    if (told.length === 0 || told.some((words) => words.insert ?? words.update ?? words.delete)) return
    throw new AppError('forbidden', `The role ${principal.roleId} changes nothing that this topic tells of.`, {
      details: { rule: 'topics of changes need a permission to write' },
    })
  }

  /** The session lost changes: it gets everything anew. */
  resend(session: Session): void {
    const topics = this.#branches.get(session.topicBranchId ?? '')
    for (const name of session.topics) {
      const topic = topics?.get(name)
      if (topic) sendRetained(session, topic)
    }
  }

  #unsubscribe(session: Session, branchId: string, name: string): void {
    const topics = this.#branches.get(branchId)
    const topic = topics?.get(name)
    if (!topics || !topic) return
    topic.subscribers.delete(session)
    if (topic.subscribers.size > 0 || (topic.kind === 'free' && topic.retained)) return
    topics.delete(name)
    if (topics.size === 0) this.#branches.delete(branchId)
  }

  #open(branchId: string, name: string, kind: Topic['kind']): OpenTopic {
    let topics = this.#branches.get(branchId)
    if (!topics) {
      topics = new Map()
      this.#branches.set(branchId, topics)
    }
    let topic = topics.get(name)
    if (!topic) {
      if (topics.size >= MAX_TOPICS_OF_BRANCH) makeRoom(topics)
      topic = { name, kind, retained: undefined, retainedBytes: 0, subscribers: new Set() }
      topics.set(name, topic)
    }
    return topic
  }

  #publishRetained(branchId: string, name: string, data: JsonObject): void {
    this.#open(branchId, name, 'free')
    this.#publish(branchId, name, data)
  }

  /** Sends what differs from the retained data; nothing when nothing does. */
  #publish(branchId: string, name: string, data: JsonObject): void {
    const topic = this.#branches.get(branchId)?.get(name)
    if (!topic) return
    const change = changeOf(topic.retained, data)
    if (!change) return
    topic.retained = data
    if (topic.kind === 'free') this.#boundRetained(topic, data)
    if (topic.subscribers.size === 0) return
    const frame = textFrame(JSON.stringify({ type: 'publish', topic: name, data: change }))
    let receivers = 0
    for (const session of topic.subscribers) {
      if (!session.outgoing.isHearingEvents) continue
      session.outgoing.pushEvent({ buffer: frame, start: 0, end: frame.length })
      this.#flushList.add(session.outgoing)
      receivers++
    }
    this.#counters.count('pubsub', receivers, frame.length)
  }

  #boundRetained(topic: OpenTopic, data: JsonObject): void {
    topic.retainedBytes = Buffer.byteLength(JSON.stringify(data))
    if (topic.retainedBytes > MAX_RETAINED_BYTES) topic.retained = undefined
  }
}

function sendRetained(session: Session, { name, retained }: OpenTopic): void {
  if (!retained) return
  session.send({ type: 'publish', topic: name, data: { mode: 'snapshot', snapshot: retained } })
}

/** Forgets the oldest topic that nobody hears. @throws AppError `invalid-topic` when all are heard. */
function makeRoom(topics: Map<string, OpenTopic>): void {
  for (const [name, topic] of topics) {
    if (topic.subscribers.size > 0) continue
    topics.delete(name)
    return
  }
  throw new AppError('invalid-topic', 'The branch has as many topics as it may have.')
}

/** What a subscriber that has `before` needs to have `after`; undefined when nothing. */
export function changeOf(before: JsonObject | undefined, after: JsonObject): TopicChange | undefined {
  if (before === undefined) return { mode: 'snapshot', snapshot: after }
  const set: JsonObject = {}
  for (const [key, value] of Object.entries(after)) {
    if (!isDeepStrictEqual(before[key], value)) set[key] = value
  }
  const remove = Object.keys(before).filter((key) => !Object.hasOwn(after, key))
  if (Object.keys(set).length === 0 && remove.length === 0) return undefined
  return { mode: 'delta', set, ...(remove.length > 0 && { remove }) }
}

function tableNotice(event: StoredEvent): JsonObject {
  return {
    type: 'table:update',
    branchId: event.branchId,
    moduleId: event.moduleId,
    table: event.table,
    action: event.action,
    recordRef: event.recordRef && { ...event.recordRef },
    eventId: event.eventId,
    sequence: event.seq,
    version: event.seq,
    timestamp: event.createdAt,
    created: event.isCreated,
    deleted: event.isDeleted,
    meta: event.meta,
  }
}

function branchNotice(event: StoredEvent, topic: string): JsonObject {
  return {
    type: 'branch:table-notice',
    branchId: event.branchId,
    moduleId: event.moduleId,
    table: event.table,
    action: event.action,
    version: event.seq,
    mutationId: event.eventId,
    ...(event.table === 'order_header' && { orderId: event.key }),
    topic,
    publishedAt: event.createdAt,
  }
}
