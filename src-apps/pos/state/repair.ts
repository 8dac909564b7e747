import { useEffect, useRef } from 'react'
import { useBranch, useMay } from '../../shared/branch.tsx'
import { useQueue, useTable } from '../../shared/hooks.ts'
import { useOrderActions } from './order-actions.ts'
import { useTill } from './till.tsx'

const SETTLED_MS = 3_000

/**
 * Two kitchen sections and a till that act in the same second can leave an order a step behind its tickets: handed over
 * and paid, but not closed. The till that took the order puts that right once nothing has moved for a moment.
 */
export function useRepair(): void {
  const { store } = useBranch()
  const { terminal, link } = useTill()
  const actions = useOrderActions()
  const orders = useTable(store, 'order_header')
  const tickets = useTable(store, 'job_order_header')
  const { pending } = useQueue(store)
  const latest = useRef(actions)
  latest.current = actions
  const isQuiet = useMay()('update', 'order_header') && link === 'ready' && pending.length === 0
  useEffect(() => {
    if (!isQuiet || tickets.length === 0) return
    const mine = orders.filter(({ posId, statusId }) => posId === terminal.id && MOVING.has(statusId ?? ''))
    if (mine.length === 0) return
    const timer = window.setTimeout(() => {
      for (const order of mine) void latest.current.repair(order)
    }, SETTLED_MS)
    return () => window.clearTimeout(timer)
  }, [isQuiet, orders, tickets, terminal.id])
}

const MOVING = new Set(['open', 'cooking', 'ready', 'served'])
