import type { Position } from '../../../src-shared/ids.ts'

/** The specification's marker with the position inside: `sm-<ISO>~<epoch>.<seq>`. Clients hand it back unread. */
export function formatMarker(position: Position, at: string): string {
  return `sm-${at}~${position.epoch}.${position.seq}`
}

/** Undefined for a marker without a position that we can read, such as one of another server. */
export function parseMarker(text: unknown): Position | undefined {
  const match = typeof text === 'string' ? /~(\d{1,15})\.(\d{1,15})$/.exec(text) : null
  return match ? { epoch: Number(match[1]), seq: Number(match[2]) } : undefined
}
