import { createContext, type ReactNode, useContext, useMemo, useSyncExternalStore } from 'react'
import type { DesktopBridge } from '../../src-shared/ipc.ts'
import type { BranchServerStatus, BranchSummary } from '../../src-shared/protocol/management.ts'
import type { Me } from './access.ts'
import type { ApiClient } from './api-client.ts'
import type { Preferences, PreferencesStore } from './preferences.ts'
import { parseRoute, type Route, toHash } from './route.ts'

/** What every screen needs: the API, the choices of the reader, and the module that is looked at. */
export interface ConsoleState {
  api: ApiClient
  desktop: DesktopBridge | undefined
  /** Whom the console acts for. */
  me: Me
  branch: BranchSummary
  moduleId: string
  /** `/api/branches/<branch>/modules/<module>` */
  modulePath: string
}

const ConsoleContext = createContext<ConsoleState | null>(null)
const PreferencesContext = createContext<PreferencesStore | null>(null)

export function useConsole(): ConsoleState {
  const state = useContext(ConsoleContext)
  if (!state) throw new Error('useConsole needs a ConsoleStateProvider above it.')
  return state
}

export function PreferencesProvider({ store, children }: { store: PreferencesStore; children: ReactNode }) {
  return <PreferencesContext value={store}>{children}</PreferencesContext>
}

export function usePreferences(): [Preferences, (part: Partial<Preferences>) => void] {
  const store = useContext(PreferencesContext)
  if (!store) throw new Error('usePreferences needs a PreferencesProvider above it.')
  return [useSyncExternalStore(store.subscribe, store.get), store.change]
}

export interface ChosenModule {
  branch: BranchSummary
  moduleId: string
}

/**
 * The chosen branch and module; the first ones when the choice is gone or was never made.
 *
 * @param last - What was shown until now. A branch that is being restored is not listed for a moment: what is on the
 *   screen, and what a button there would change, must not become another branch meanwhile.
 */
export function chooseModule(
  branches: BranchServerStatus['branches'],
  wanted: { branchId: string | null; moduleId: string | null },
  last: ChosenModule | undefined,
): ChosenModule | undefined {
  const usable = branches.filter(({ modules }) => modules.length > 0)
  const found = usable.find((entry) => entry.branchId === wanted.branchId)
  if (!found && last && last.branch.branchId === wanted.branchId) return last
  const branch = found ?? usable[0]
  const module = branch?.modules.find((entry) => entry.moduleId === wanted.moduleId) ?? branch?.modules[0]
  return branch && module && { branch, moduleId: module.moduleId }
}

export function ConsoleStateProvider({
  children,
  api,
  desktop,
  me,
  branch,
  moduleId,
}: Omit<ConsoleState, 'modulePath'> & { children: ReactNode }) {
  const state = useMemo(() => {
    const modulePath = `/api/branches/${encodeURIComponent(branch.branchId)}/modules/${encodeURIComponent(moduleId)}`
    return { api, desktop, me, branch, moduleId, modulePath }
  }, [api, desktop, me, branch, moduleId])
  return <ConsoleContext value={state}>{children}</ConsoleContext>
}

function subscribeToHash(listener: () => void): () => void {
  window.addEventListener('hashchange', listener)
  return () => window.removeEventListener('hashchange', listener)
}

/** The screen lives in the address, so that reload, back and a link all work. */
export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribeToHash, () => window.location.hash)
  return useMemo(() => parseRoute(hash), [hash])
}

export function navigate(route: { screen: Route['screen']; item?: string | null }): void {
  window.location.hash = toHash(route)
}
