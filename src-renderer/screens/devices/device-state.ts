import type { Device } from '../../state/access.ts'

/** A running device renews its tokens every 15 minutes; a little more is still one that runs. */
const RUNS_FOR_MS = 20 * 60_000

export type DeviceState = 'revoked' | 'running' | 'away' | 'new'

/** What is known of a device without asking it. */
export function deviceState({ revokedAt, lastSeenAt }: Device, nowMs: number): DeviceState {
  if (revokedAt !== null) return 'revoked'
  if (lastSeenAt === null) return 'new'
  return nowMs - Date.parse(lastSeenAt) < RUNS_FOR_MS ? 'running' : 'away'
}
