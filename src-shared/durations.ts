/** Lengths of time in milliseconds. A day here is 24 hours; days of a branch's calendar are in branch-time.ts. */
export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS
