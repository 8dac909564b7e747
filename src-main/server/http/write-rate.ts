import type { Store } from '../../store/api.ts'

const MINUTE_MS = 60_000
const MINUTES = 61

/** Counts writes by minute: the last 60 whole minutes and the running one, oldest first. */
export interface WriteRate {
  list(): { minute: string; count: number }[]
  close(): void
}

export function watchWriteRate(store: Store, now: () => number = Date.now): WriteRate {
  const counts = new Map<number, number>()
  const minuteNow = (): number => Math.floor(now() / MINUTE_MS)
  const stop = store.figures.onCommit(({ writes }) => {
    const minute = minuteNow()
    counts.set(minute, (counts.get(minute) ?? 0) + writes)
    if (counts.size > 2 * MINUTES) for (const old of counts.keys()) if (old <= minute - MINUTES) counts.delete(old)
  })
  return {
    list() {
      const last = minuteNow()
      return Array.from({ length: MINUTES }, (_, index) => {
        const minute = last - MINUTES + 1 + index
        return { minute: new Date(minute * MINUTE_MS).toISOString(), count: counts.get(minute) ?? 0 }
      })
    },
    close: stop,
  }
}
