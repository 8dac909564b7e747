import type { ErrorCode } from '../../src-shared/errors.ts'

/** Failures that pass: the same write is sent again. A test holds this against the catalogue's `retry`. */
export const TEMPORARY_CODES: ReadonlySet<string> = new Set<ErrorCode>([
  'request-in-progress',
  'task-running',
  'rate-limited',
  'too-many-connections',
  'internal',
  'store-busy',
  'store-failed',
  'restoring',
  'stopping',
  'disk-full',
])

/** Failures of the connection, not of the write: it stays and is sent after the next hello. */
export const CONNECTION_CODES: ReadonlySet<string> = new Set<ErrorCode>([
  'hello-required',
  'unauthorized',
  'token-invalid',
  'token-expired',
  'session-ended',
])

/** The record changed, or the whole branch was restored, since the application read it. */
export const CONFLICT_CODES: ReadonlySet<string> = new Set<ErrorCode>(['version-conflict', 'epoch-changed'])

/** The server remembers requests for seven days; older ones are looked up before they are sent again. */
export const LOOK_UP_AFTER_MS = 6 * 24 * 3_600_000

/** Most writes under way at once. */
export const WINDOW = 16
