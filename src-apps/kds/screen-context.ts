import { createContext, useContext } from 'react'
import type { Bumped, KitchenActions } from './actions.ts'
import type { KitchenClock } from './clock.ts'
import type { AgeLimits } from './tickets.ts'

/** What every card needs. It must stay the same object while orders come and go: a new one draws all cards anew. */
export interface Screen {
  clock: KitchenClock
  actions: KitchenActions
  /** False: the role of this screen changes nothing, so that nothing is offered. */
  canWork: boolean
  limits: AgeLimits
  /** In the reader's language. */
  sectionName(id: string): string
  /** For the undo. */
  noteBumped(bumped: Bumped): void
  /** A cancelled ticket has been seen. */
  putAway(ticketId: string): void
}

export const ScreenContext = createContext<Screen | null>(null)

export function useScreen(): Screen {
  const screen = useContext(ScreenContext)
  if (!screen) throw new Error('useScreen needs a KitchenScreen above it.')
  return screen
}
