import { useMemo, useRef, useSyncExternalStore } from 'react'
import { type AppStore, useSettings } from '../shared/branch.tsx'
import { useTable } from '../shared/hooks.ts'
import { type KitchenData, missingTickets, withRecords } from './adopt.ts'
import type { KitchenClock } from './clock.ts'
import {
  type AgeLimits,
  type Board,
  buildBoard,
  readLimits,
  type SectionChoice,
  STALE_AFTER_MS,
  shareTickets,
} from './tickets.ts'

const MINUTE_MS = 60_000

/** The board, anew with each change of the tables and each minute; tickets that are the same stay the same object. */
export function useBoard(
  store: AppStore,
  clock: KitchenClock,
  sections: SectionChoice,
  seen: ReadonlySet<string>,
): Board {
  const data: KitchenData = {
    order_header: useTable(store, 'order_header'),
    order_line: useTable(store, 'order_line'),
    order_line_modifier: useTable(store, 'order_line_modifier'),
    job_order_batch: useTable(store, 'job_order_batch'),
    job_order_header: useTable(store, 'job_order_header'),
    job_order_detail: useTable(store, 'job_order_detail'),
    job_order_detail_modifier: useTable(store, 'job_order_detail_modifier'),
    expo_pass_ticket: useTable(store, 'expo_pass_ticket'),
    menu_items: useTable(store, 'menu_items'),
    menu_categories: useTable(store, 'menu_categories'),
    menu_modifiers: useTable(store, 'menu_modifiers'),
  }
  const minute = useSyncExternalStore(clock.subscribe, () => Math.floor(clock.now() / MINUTE_MS))
  const previous = useRef<Board>(undefined)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the tables one by one, as the object is a new one each time
  return useMemo(() => {
    const now = (minute + 1) * MINUTE_MS
    const missing = [...missingTickets(data, now - STALE_AFTER_MS).values()].flat()
    const board = buildBoard(withRecords(data, missing), { sections, now, seen })
    previous.current = shareTickets(previous.current, board)
    return previous.current
  }, [...Object.values(data), minute, sections, seen])
}

export function useLimits(): AgeLimits {
  const settings = useSettings()
  return useMemo(() => readLimits(settings), [settings])
}
