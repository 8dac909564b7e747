/** Time is passed in, so that tests can move it. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number
  /** Milliseconds since some start. Nobody sets this one, so it measures spans; a clock without it has `now` for that. */
  elapsed?(): number
}

export const systemClock: Clock = { now: () => Date.now(), elapsed: () => performance.now() }

/** For spans of this run: the wall clock may be set back or ahead in the middle of one. */
export function elapsedMs(clock: Clock): number {
  return clock.elapsed?.() ?? clock.now()
}

let lastMs = -1
let lastText = ''

/** ISO 8601 UTC with milliseconds. Remembers the last text: many writes share a millisecond. */
export function isoTime(ms: number): string {
  if (ms !== lastMs) {
    lastMs = ms
    lastText = new Date(ms).toISOString()
  }
  return lastText
}
