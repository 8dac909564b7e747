import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { ErrorCode } from '../../../src-shared/errors.ts'
import type { Store } from '../../store/api.ts'
import { findNewestBackup } from './health-routes.ts'
import { addDurations, addRequestFigures } from './request-figures.ts'
import type { SocketFigures } from './services.ts'

/** Counts what happens and answers /metrics. Labels are words of ours (methods, checks, tables), never ids. */
export interface ServerMetrics {
  readonly contentType: string
  countRequest(method: string, isApi: boolean, seconds: number): void
  countError(code: ErrorCode): void
  /** Time from a publish on a socket to its ack or refusal. */
  observePublish(seconds: number, isAcknowledged: boolean): void
  /** Prometheus text, format 0.0.4. */
  read(): Promise<string>
  close(): void
}

export interface MetricsSources {
  store: Store
  version: string
  socketFigures(): SocketFigures
}

const COMMIT_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1]
const GROUP_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256]
const QUANTILES = [50, 90, 99]

export function createMetrics(sources: MetricsSources): ServerMetrics {
  const register = new Registry()
  const registers = [register]
  collectDefaultMetrics({ register, prefix: 'mishkah_' })
  const requests = addRequestFigures(register)
  const errors = new Counter({
    name: 'mishkah_http_errors_total',
    help: 'Failures answered, by code of the catalogue',
    labelNames: ['code'],
    registers,
  })
  const observePublish = addDurations(register, {
    name: 'mishkah_publish_duration_seconds',
    help: 'Time from a publish on a socket to its answer; outcome ack or error',
    label: 'outcome',
  })
  const stopCommits = watchCommits(sources.store, registers)
  const stopDelay = watchEventLoop(registers)
  addStoreGauges(sources.store, registers)
  addSequenceGauges(sources.store, registers)
  addBackupGauges(sources.store, registers)
  addSocketFigures(sources.socketFigures, registers)
  new Gauge({
    name: 'mishkah_build_info',
    help: 'Version in the label',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version: sources.version, node: process.versions.node }, 1)

  return {
    contentType: register.contentType,
    countRequest: requests.count,
    countError: (code) => errors.inc({ code }),
    observePublish: (seconds, isAcknowledged) => observePublish(isAcknowledged ? 'ack' : 'error', seconds),
    read: () => register.metrics(),
    close() {
      stopCommits()
      stopDelay()
      register.clear()
    },
  }
}

function watchCommits(store: Store, registers: Registry[]): () => void {
  const seconds = new Histogram({
    name: 'mishkah_commit_duration_seconds',
    help: 'Time of a group commit until it is durable',
    buckets: COMMIT_BUCKETS,
    registers,
  })
  const writes = new Histogram({
    name: 'mishkah_commit_writes',
    help: 'Writes that shared one commit',
    buckets: GROUP_BUCKETS,
    registers,
  })
  return store.figures.onCommit((commit) => {
    seconds.observe(commit.seconds)
    writes.observe(commit.writes)
  })
}

function watchEventLoop(registers: Registry[]): () => void {
  const delay = monitorEventLoopDelay({ resolution: 20 })
  delay.enable()
  new Gauge({
    name: 'mishkah_event_loop_delay_seconds',
    help: 'How late the event loop ran since the last reading',
    labelNames: ['quantile'],
    registers,
    collect() {
      for (const quantile of QUANTILES) {
        this.set({ quantile: String(quantile / 100) }, delay.count > 0 ? delay.percentile(quantile) / 1e9 : 0)
      }
      delay.reset()
    },
  })
  return () => delay.disable()
}

function gauge(name: string, help: string, registers: Registry[], read: () => number): void {
  new Gauge({
    name,
    help,
    registers,
    collect() {
      this.set(read())
    },
  })
}

function addStoreGauges(store: Store, registers: Registry[]): void {
  const modules = () => store.listBranches().flatMap((branch) => branch.modules)
  gauge('mishkah_wal_bytes', 'Size of the write-ahead logs', registers, () => store.figures.walBytes())
  gauge('mishkah_database_bytes', 'Size of the databases', registers, () => store.figures.databaseBytes())
  gauge('mishkah_write_queue_depth', 'Writes that wait for a commit', registers, () => store.figures.queueDepth())
  gauge('mishkah_branches', 'Branches served', registers, () => store.branchIds().length)
  gauge('mishkah_records', 'Records of all branches', registers, () =>
    modules().reduce((sum, module) => sum + module.records, 0),
  )
  gauge('mishkah_events', 'Events of all logs', registers, () =>
    modules().reduce((sum, module) => sum + module.events, 0),
  )
  new Gauge({
    name: 'mishkah_check_ok',
    help: 'Health checks of /readyz: 1 is well',
    labelNames: ['check'],
    registers,
    collect() {
      this.reset()
      const failed = new Map<string, boolean>()
      for (const { name, ok } of store.figures.checks()) {
        // `database:dar` counts as `database`: which branch it is stays with /readyz.
        const [kind = name] = name.split(':')
        failed.set(kind, (failed.get(kind) ?? false) || !ok)
      }
      for (const [check, isFailed] of failed) this.set({ check }, isFailed ? 0 : 1)
    },
  })
}

function addSequenceGauges(store: Store, registers: Registry[]): void {
  const labelNames = ['table', 'field'] as const
  // Metrics are read in the order of their registration: the first one fills both.
  new Gauge({
    name: 'mishkah_sequence_last_number',
    help: 'Highest number handed out, over all branches',
    labelNames,
    registers,
    collect() {
      this.reset()
      gaps.reset()
      const highest = new Map<string, number>()
      for (const { table, field, last, gaps: count } of listSequences(store)) {
        const name = `${table}.${field}`
        highest.set(name, Math.max(highest.get(name) ?? 0, last ?? 0))
        this.set({ table, field }, highest.get(name) ?? 0)
        gaps.inc({ table, field }, count)
      }
    },
  })
  const gaps = new Gauge({
    name: 'mishkah_sequence_gaps',
    help: 'Numbers that no record carries',
    labelNames,
    registers,
  })
}

function listSequences(store: Store) {
  return store.listBranches().flatMap(({ branchId, modules }) => {
    const branch = store.getBranch(branchId)
    return modules.flatMap(({ moduleId }) => branch.getModule(moduleId).sequences.list())
  })
}

function addBackupGauges(store: Store, registers: Registry[]): void {
  gauge(
    'mishkah_backup_last_success_timestamp_seconds',
    'When the newest good backup was made; 0 is never',
    registers,
    () => {
      const newest = findNewestBackup(store)
      return newest ? Date.parse(newest.createdAt) / 1000 : 0
    },
  )
}

function addSocketFigures(read: () => SocketFigures, registers: Registry[]): void {
  gauge('mishkah_sockets', 'Open sockets', registers, () => read().sockets)
  gauge('mishkah_rooms', 'Rooms with at least one socket', registers, () => read().rooms)
  gauge('mishkah_socket_queued_bytes', 'Bytes that wait for slow sockets', registers, () => read().queuedBytes)
  const channelCounter = (name: string, help: string, pick: (channel: ChannelFigures) => number): void => {
    new Counter({
      name,
      help,
      labelNames: ['channel'],
      registers,
      collect() {
        this.reset()
        for (const [channel, figures] of channelsOf(read())) this.inc({ channel }, pick(figures))
      },
    })
  }
  channelCounter('mishkah_ws_broadcast_events_total', 'Messages handed to a channel', (channel) => channel.broadcasts)
  channelCounter('mishkah_ws_frames_delivered_total', 'Frames written to sockets', (channel) => channel.frames)
  channelCounter('mishkah_ws_payload_bytes_total', 'Bytes written to sockets', (channel) => channel.bytes)
  new Counter({
    name: 'mishkah_ws_serialization_events_total',
    help: 'Frames that were serialized, and frames that reused a text',
    labelNames: ['channel', 'result'],
    registers,
    collect() {
      this.reset()
      for (const [channel, figures] of channelsOf(read())) {
        this.inc({ channel, result: 'serialized' }, figures.serialized)
        this.inc({ channel, result: 'cache-hit' }, Math.max(0, figures.frames - figures.serialized))
      }
    },
  })
}

interface ChannelFigures {
  broadcasts: number
  frames: number
  bytes: number
  serialized: number
}

function channelsOf(figures: SocketFigures): [string, ChannelFigures][] {
  return Object.entries(figures.channels ?? {})
}
