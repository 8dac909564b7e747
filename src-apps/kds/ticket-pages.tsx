import { type RefObject, useEffect, useRef, useState } from 'react'
import { TicketCard } from './ticket-card.tsx'
import type { Ticket } from './tickets.ts'

export interface Pages {
  page: number
  pages: number
  show(page: number): void
}

/**
 * The browser fills columns from top to bottom and puts those that do not fit beside the screen; a page is a screenful
 * of columns. A swipe moves by columns.
 */
export function usePages(ref: RefObject<HTMLElement | null>, layout: string, content: unknown): Pages {
  const [place, setPlace] = useState({ page: 1, pages: 1 })
  // biome-ignore lint/correctness/useExhaustiveDependencies: other content has other columns
  useEffect(() => {
    const element = ref.current
    if (!element) return
    const read = () => {
      const next = readPages(element)
      setPlace((known) => (known.page === next.page && known.pages === next.pages ? known : next))
    }
    read()
    const watch = new ResizeObserver(read)
    watch.observe(element)
    element.addEventListener('scroll', read, { passive: true })
    return () => {
      watch.disconnect()
      element.removeEventListener('scroll', read)
    }
  }, [ref, layout, content])
  return {
    ...place,
    show(page) {
      const element = ref.current
      if (!element) return
      const direction = getComputedStyle(element).direction === 'rtl' ? -1 : 1
      element.scrollTo({ left: direction * (page - 1) * pageWidth(element) })
    },
  }
}

function pageWidth(element: HTMLElement): number {
  return element.clientWidth + (Number.parseFloat(getComputedStyle(element).columnGap) || 0)
}

function readPages(element: HTMLElement): { page: number; pages: number } {
  const width = pageWidth(element)
  // The last page may be narrower than a screenful.
  const pages = Math.max(1, Math.ceil((element.scrollWidth - 1) / width))
  const isAtEnd = Math.abs(element.scrollLeft) >= element.scrollWidth - element.clientWidth - 1
  return { page: isAtEnd ? pages : Math.min(pages, Math.round(Math.abs(element.scrollLeft) / width) + 1), pages }
}

interface TicketPagesProps {
  tickets: readonly Ticket[]
  newIds: ReadonlySet<string>
  pagesRef: RefObject<HTMLElement | null>
}

export function TicketPages({ tickets, newIds, pagesRef }: TicketPagesProps) {
  return (
    <section className="pages" ref={pagesRef} data-tickets={tickets.length}>
      {tickets.map((ticket) => (
        <TicketCard key={ticket.id} ticket={ticket} isNew={newIds.has(ticket.id)} />
      ))}
    </section>
  )
}

const NEW_FOR_MS = 20_000
const NO_IDS: ReadonlySet<string> = new Set()

/** Ids of tickets that came while the screen was open and that nobody has begun; `onNew` is called once for each change. */
export function useNewTickets(tickets: readonly Ticket[], scope: unknown, onNew: () => void): ReadonlySet<string> {
  const known = useRef<{ scope: unknown; ids: Set<string> }>(undefined)
  const [newIds, setNewIds] = useState(NO_IDS)
  useEffect(() => {
    const ids = new Set(tickets.map(({ id }) => id))
    const before = known.current
    known.current = { scope, ids: new Set([...(before?.ids ?? []), ...ids]) }
    // The first look, or one at other sections, is no news.
    if (!before || before.scope !== scope) {
      known.current.ids = ids
      return
    }
    const arrived = tickets.filter(
      ({ id, isStarted, isCancelled }) => !before.ids.has(id) && !isStarted && !isCancelled,
    )
    if (arrived.length === 0) return
    onNew()
    setNewIds((shown) => new Set([...shown, ...arrived.map(({ id }) => id)]))
  }, [tickets, scope, onNew])
  useEffect(() => {
    if (newIds.size === 0) return
    const timer = window.setTimeout(() => setNewIds(NO_IDS), NEW_FOR_MS)
    return () => window.clearTimeout(timer)
  }, [newIds])
  return newIds
}
