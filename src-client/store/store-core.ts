import type { JsonObject } from '../../src-shared/json.ts'
import { Connection } from '../connection/connection.ts'
import { type ConnectionState, statusOf } from '../connection/states.ts'
import { Emitter } from '../lib/emitter.ts'
import { makeUuid } from '../lib/ids.ts'
import type { Platform } from '../lib/platform.ts'
import { makeResolvers } from '../lib/resolvers.ts'
import { StoreError } from '../lib/store-error.ts'
import { Waiters } from '../lib/waiters.ts'
import { describeEntry, type ParkedWrite, toFrame } from '../queue/entry.ts'
import { Leadership } from '../queue/leadership.ts'
import { OptimisticView } from '../queue/optimistic-view.ts'
import { Outbox } from '../queue/outbox.ts'
import { type HeldEntry, isStored, OutboxFiles } from '../queue/outbox-files.ts'
import { CacheFiles } from '../replica/cache-files.ts'
import { Replica } from '../replica/replica.ts'
import { readSchema, TableNames } from '../replica/schema-names.ts'
import type { ClientStorage } from '../storage/storage.ts'
import { ChangeNotes } from './change-notes.ts'
import { DeviceStorage } from './device-storage.ts'
import type { StoreEvents, StoreState, StoreWarning } from './events.ts'
import { type StoreOptions, socketUrl, storageName } from './options.ts'
import { Requests } from './requests.ts'
import { Session } from './session.ts'
import { buildState } from './state.ts'
import { TabLink } from './tab-link.ts'

/** Puts the parts together and decides when each begins and ends. What applications call is in create-store.ts. */
export class StoreCore {
  readonly options: StoreOptions
  readonly platform: Platform
  readonly moduleId: string
  readonly names = new TableNames()
  readonly emitter = new Emitter<StoreEvents>()
  readonly replica: Replica
  readonly view: OptimisticView
  readonly outbox: Outbox
  readonly connection: Connection
  readonly requests: Requests
  hasData = false
  /** Asked for at each hello. */
  token: StoreOptions['token']
  readonly #device: DeviceStorage
  readonly #session: Session
  readonly #cache: CacheFiles
  readonly #links: TabLink
  #leadership: Leadership | undefined
  #started: Promise<void> | undefined
  #data = makeResolvers<StoreState>()
  #connecting = makeResolvers<StoreState>()
  readonly #synced = new Waiters()
  readonly #changes: ChangeNotes
  #stopListening: (() => void)[] = []
  #isClosed = false
  #isDurable = false
  #lastState: ConnectionState = 'idle'

  constructor(options: StoreOptions, platform: Platform) {
    this.options = options
    this.token = options.getToken ?? options.token
    this.platform = platform
    this.moduleId = options.moduleId ?? 'pos'
    this.names.add(readSchema(options.schema))
    this.#changes = new ChangeNotes((changed) => {
      if (!this.#isClosed) this.emitter.emit('change', { tables: changed })
    })
    const { tables } = options
    const subscribed = tables?.map((name) => this.names.resolve(name))
    const storage = { name: storageName(options), isWanted: options.useIndexedDB !== false }
    this.#device = new DeviceStorage(platform, storage, (warning) => this.emitter.emit('warning', warning))
    this.replica = new Replica(this.names, tables !== undefined, (table, key) => this.#noteChange(table, key))
    this.view = new OptimisticView(this.replica)
    const signature = JSON.stringify([1, subscribed ? [...subscribed].sort() : null])
    this.#cache = new CacheFiles(platform, this.replica, signature, (error) => this.#warnOfStorage(error))
    this.requests = new Requests(platform, (frame) => this.#sendWhenReady(frame))
    this.outbox = this.#makeOutbox()
    this.connection = this.#makeConnection()
    this.#session = this.#makeSession()
    this.#links = new TabLink(platform, storage.name, this.outbox, {
      isLeader: () => this.#leadership?.isLeader ?? false,
      onLeaderFree: () => void this.#leadership?.tryNow(),
    })
    for (const promise of [this.#data.promise, this.#connecting.promise]) promise.catch(() => undefined)
  }

  async connect(): Promise<StoreState> {
    if (this.#isClosed) throw new StoreError('closed', 'The store was closed.')
    socketUrl(this.options, this.platform.origin)
    if (this.connection.state === 'closed' && !this.hasData) this.#connecting = makeResolvers()
    this.#connecting.promise.catch(() => undefined)
    await this.start()
    this.connection.connect()
    return this.hasData ? this.state() : this.#connecting.promise
  }

  /** Opens what the device has kept; without a connection. */
  start(): Promise<void> {
    this.#started ??= this.#start()
    return this.#started
  }

  /** Without a position: the next hello asks for a snapshot, and nothing of this is cached. */
  provide(tables: ReadonlyMap<string, readonly JsonObject[]>): boolean {
    if (this.hasData) return false
    for (const [name, records] of tables) this.replica.table(name).fill(records)
    for (const name of tables.keys()) this.#noteChange(name, undefined)
    this.#receiveData()
    return true
  }

  ready(): Promise<StoreState> {
    return this.#data.promise
  }

  state(): StoreState {
    return buildState(this)
  }

  async whenSynced(): Promise<void> {
    await this.start()
    return this.#isSynced() ? undefined : this.#synced.wait()
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.connection.close()
    this.outbox.stop()
    this.requests.noticeLost()
    for (const stop of this.#stopListening) stop()
    await this.#cache.flush()
    await this.#leadership?.stop()
    this.#links.tell({ kind: 'leader-free' })
    this.#links.close()
    await this.#device.close()
    const error = new StoreError('closed', 'The store was closed.')
    for (const waiting of [this.#data, this.#connecting]) waiting.reject(error)
    this.#synced.refuse(error)
  }

  newId(): string {
    return makeUuid(this.platform)
  }

  describe(held: HeldEntry): ParkedWrite {
    const write = describeEntry(held.entry, this.#isDurable && isStored(held))
    return { ...write, reason: held.entry.refusal! }
  }

  async #start(): Promise<void> {
    const storage = await this.#device.open()
    this.#isDurable = storage.isDurable
    const name = storageName(this.options)
    try {
      if (await this.#cache.load(storage)) {
        this.#changes.note(this.replica.tables.keys())
        this.#receiveData()
        this.emitter.emit('cache', this.state())
      }
    } catch (error) {
      this.#warnOfStorage(error)
    }
    await this.outbox.reload()
    if (this.#isClosed) return
    // The tab that leads may not know of them: their own was reloaded before it could tell.
    if (this.outbox.pending.length > 0) this.#links.tell({ kind: 'queued' })
    const identity = { name, token: this.newId() }
    const leadership = new Leadership(this.platform, storage, identity, (isLeader) => this.#lead(storage, isLeader))
    this.#leadership = leadership
    leadership.start()
    this.#stopListening = [
      this.platform.onWake(() => {
        void leadership.tryNow()
        this.connection.retry()
      }),
      this.platform.onLeave(() => {
        void this.#cache.flush()
        void leadership.yieldLease().then(() => this.#links.tell({ kind: 'leader-free' }))
      }),
    ]
  }

  #lead(storage: ClientStorage, isLeader: boolean): void {
    // In memory it would only be a second copy.
    const isWriter = isLeader && this.#isDurable
    void this.#cache.writeTo(isWriter ? { storage, guard: this.#leadership!.guard } : undefined)
    // What the last leader did not get done, as the storage has it now.
    if (isLeader) void this.outbox.reload()
  }

  #makeOutbox(): Outbox {
    const files = new OutboxFiles(this.#device, (error) => this.#warnOfStorage(error))
    return new Outbox({
      platform: this.platform,
      files,
      strategies: this.options.conflicts,
      send: (entry) => this.#sendWhenReady(toFrame(entry, this.options.branchId, this.moduleId)),
      isLeader: () => this.#leadership?.isLeader ?? false,
      guard: () => this.#leadership?.guard,
      noticeLoss: () => this.#leadership?.noticeLoss(),
      fetchRecord: (table, key) => this.requests.fetchRecord(this.moduleId, this.names.resolve(table), key),
      applyAck: (ack, entry) => this.replica.applyAck(ack, entry.operations),
      currentEpoch: () => this.replica.cursor?.epoch,
      tellTabs: (message) => this.#links.tell(message),
      loseConnection: (problem) => this.connection.lose(problem),
      onChange: () => this.#noteQueue(),
      onParked: (held) => this.emitter.emit('parked', this.describe(held)),
    })
  }

  #makeConnection(): Connection {
    const { options, platform } = this
    return new Connection(
      platform,
      {
        url: () => socketUrl(options, platform.origin),
        autoReconnect: options.autoReconnect !== false,
        hello: () => this.#session.makeHello(),
      },
      {
        onState: (state) => this.#noteState(state),
        onFrame: (frame) => this.#session.receive(frame),
        onProblem: (message) => this.emitter.emit('warning', { code: 'connection', message }),
        onUnauthorized: (message) => {
          const error = new StoreError('unauthorized', message)
          this.emitter.emit('error', error)
          this.emitter.emit('signed-out', { code: message })
          this.#connecting.reject(error)
        },
      },
    )
  }

  #makeSession(): Session {
    const { platform, options, moduleId, replica, outbox, requests, emitter } = this
    return new Session({
      ...{ platform, options, moduleId, replica, outbox, requests, emitter },
      connection: () => this.connection,
      token: () => this.token,
      clientId: () => this.#device.clientId(),
      state: () => this.state(),
      onData: () => this.#receiveData(),
      onRefused: (error) => this.#connecting.reject(error),
    })
  }

  #noteState(state: ConnectionState): void {
    const previous = statusOf(this.#lastState)
    const status = statusOf(state)
    this.#lastState = state
    if (state === 'waiting' || state === 'closed') {
      this.outbox.noticeLost()
      this.requests.noticeLost()
      if (state === 'closed') this.#connecting.reject(new StoreError('offline', 'The server cannot be reached.'))
    }
    if (status !== previous) this.emitter.emit('status', { status, previous })
    if (state === 'ready') this.#checkSynced()
  }

  #sendWhenReady(frame: JsonObject): boolean {
    return this.connection.state === 'ready' && this.connection.send(frame)
  }

  #noteChange(table: string, key: string | undefined): void {
    this.view.forget(table)
    this.#cache.note(table, key)
    this.#changes.note([table])
  }

  #noteQueue(): void {
    const { pending, parked } = this.outbox
    this.#changes.note(this.view.showQueue(pending.map(({ entry }) => entry)))
    this.emitter.emit('queue', { pending: pending.length, parked: parked.length })
    this.#checkSynced()
  }

  #receiveData(): void {
    this.hasData = true
    const state = this.state()
    this.#data.resolve(state)
    this.#connecting.resolve(state)
  }

  #isSynced(): boolean {
    return this.connection.state === 'ready' && this.outbox.pending.length === 0
  }

  #checkSynced(): void {
    if (this.#isSynced()) this.#synced.release()
  }

  #warnOfStorage(error: unknown): void {
    const warning: StoreWarning = {
      code: 'storage-failed',
      message: `The browser kept no data: ${String(error)}`,
    }
    this.emitter.emit('warning', warning)
  }
}
