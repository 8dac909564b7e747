/** One record of a history, in the order in which references can be followed. */
export interface HistoryRecord {
  table: string
  record: Record<string, unknown>
}

/** ISO 8601 in UTC with milliseconds. */
export function iso(timeMs: number): string {
  return new Date(timeMs).toISOString()
}

/** The text of a time that has passed, else null. */
export function isoIfPast(timeMs: number, nowMs: number): string | null {
  return timeMs <= nowMs ? iso(timeMs) : null
}
