import type { JsonObject } from '../../src-shared/json.ts'
import type { ServerAck } from '../../src-shared/protocol/server-frames.ts'
import type { Platform } from '../lib/platform.ts'
import type { StorageGuard } from '../storage/storage.ts'
import type { ConflictStrategies } from './conflicts.ts'
import type { QueueEntry } from './entry.ts'
import type { HeldEntry, OutboxFiles } from './outbox-files.ts'
import type { WriteOutcome } from './outcome.ts'

/** What the tabs of one browser tell each other. */
export type TabMessage =
  | { kind: 'queued' }
  | { kind: 'settled'; id: string; outcome: WriteOutcome }
  | { kind: 'changed' }

/** What the outbox needs of its store. */
export interface OutboxHost {
  platform: Platform
  files: OutboxFiles
  strategies: ConflictStrategies | undefined
  /** Sends a write; false when there is no welcomed socket. */
  send(entry: QueueEntry): boolean
  /** This tab drains what is stored. */
  isLeader(): boolean
  guard(): StorageGuard | undefined
  noticeLoss(): void
  /** Asks the server. Rejects when it cannot be asked. */
  fetchRecord(table: string, key: string): Promise<JsonObject | undefined>
  /** The server took it; the replica may show it already. */
  applyAck(ack: ServerAck, entry: QueueEntry): void
  currentEpoch(): number | undefined
  tellTabs(message: TabMessage): void
  /** Gives the socket up. */
  loseConnection(problem?: string): void
  onChange(): void
  onParked(held: HeldEntry): void
}
