import { useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react'
import type { BranchSummary, Task } from '../src-shared/protocol/management.ts'
import { CommandPalette } from './components/command-palette.tsx'
import { Shell } from './components/shell.tsx'
import { ShortcutsSheet } from './components/shortcuts-sheet.tsx'
import { TaskDrawer } from './components/task-drawer.tsx'
import { Toasts } from './components/toast.tsx'
import { useI18n } from './i18n/i18n.tsx'
import { type AccountDialog, AccountDialogs } from './screens/account/account-dialogs.tsx'
import { AuditScreen } from './screens/audit/audit-screen.tsx'
import { BackupsScreen } from './screens/backups/backups-screen.tsx'
import { DevicesScreen } from './screens/devices/devices-screen.tsx'
import { OverviewScreen } from './screens/overview/overview-screen.tsx'
import { PeopleScreen } from './screens/people/people-screen.tsx'
import { PurgeScreen } from './screens/purge/purge-screen.tsx'
import { RolesScreen } from './screens/roles/roles-screen.tsx'
import { SequencesScreen } from './screens/sequences/sequences-screen.tsx'
import { SnapshotsScreen } from './screens/snapshots/snapshots-screen.tsx'
import { TablesScreen } from './screens/tables/tables-screen.tsx'
import { TaskResult } from './screens/task-result.tsx'
import { navigate, useConsole, usePreferences, useRoute } from './state/console-state.tsx'
import { screensFor } from './state/permissions.ts'
import { useTables, useTasks } from './state/queries.ts'
import { type Route, SCREENS, type Screen } from './state/route.ts'
import { endedTasks, tasksToShow } from './state/task-list.ts'
import { useLive } from './state/use-live.ts'

const PAGES: Record<Screen, (route: Route) => ReactNode> = {
  overview: () => <OverviewScreen />,
  tables: ({ item }) => <TablesScreen table={item} />,
  snapshots: () => <SnapshotsScreen />,
  purge: () => <PurgeScreen />,
  sequences: () => <SequencesScreen />,
  backups: () => <BackupsScreen />,
  devices: () => <DevicesScreen />,
  people: () => <PeopleScreen />,
  roles: () => <RolesScreen />,
  audit: () => <AuditScreen />,
}

const OVERVIEW: Route = { screen: 'overview', item: null }

type Layer = 'palette' | 'keys' | null

/** The console once the server answers: the frame, the chosen screen, and what lies above all screens. */
export function Workspace({ branches }: { branches: readonly BranchSummary[] }) {
  const { t, language, labelOf } = useI18n()
  const { branch, moduleId, me } = useConsole()
  const screens = useMemo(() => screensFor(me), [me])
  const [preferences, change] = usePreferences()
  const asked = useRoute()
  // A link to a screen that this account may not use leads to the overview, which it may: status was answered.
  const route = screens.includes(asked.screen) ? asked : OVERVIEW
  const live = useLive(language)
  const [layer, setLayer] = useState<Layer>(null)
  const [account, setAccount] = useState<AccountDialog>(null)
  const { data: tasks = [] } = useTasks()
  const { data: tables = [] } = useTables()

  useShortcuts(setLayer, screens)
  useRefreshAfterTasks(tasks)
  useEffect(() => {
    document.title = `${t(`nav.${route.screen}`)} · ${t('app.name')}`
  }, [route.screen, t])
  useFocusOnNewScreen(route)

  const markRead = (read: readonly Task[]) =>
    change({ readTasks: [...preferences.readTasks, ...read.map(({ taskId }) => taskId)] })
  return (
    <>
      <Shell
        screen={route.screen}
        screens={screens}
        onAccount={setAccount}
        branches={branches}
        shown={branch}
        moduleId={moduleId}
        live={live}
        choices={preferences}
        onChange={change}
        onPalette={() => setLayer('palette')}
        onKeys={() => setLayer('keys')}
        drawer={
          <TaskDrawer
            tasks={tasksToShow(tasks, preferences.readTasks, Date.now())}
            resultOf={(task) => <TaskResult task={task} />}
            onRead={markRead}
          />
        }
      >
        {PAGES[route.screen](route)}
      </Shell>
      {layer === 'palette' && (
        <CommandPalette
          screens={screens}
          tables={tables.map((table) => ({ name: table.name, label: labelOf(table) }))}
          onChoose={navigate}
          onClose={() => setLayer(null)}
        />
      )}
      {layer === 'keys' && <ShortcutsSheet onClose={() => setLayer(null)} />}
      <AccountDialogs shown={account} onClose={() => setAccount(null)} />
      <Toasts />
    </>
  )
}

/** What a task changed is read anew when it ends; until then the screens show what was before. */
function useRefreshAfterTasks(tasks: readonly Task[]): void {
  const client = useQueryClient()
  const before = useRef(tasks)
  useEffect(() => {
    const ended = endedTasks(before.current, tasks)
    before.current = tasks
    if (ended.length > 0) void client.invalidateQueries()
  }, [tasks, client])
}

/** A new screen starts at its title, for the eye and for the screen reader. */
function useFocusOnNewScreen({ screen, item }: Route): void {
  const shown = useRef<string | null>(null)
  useEffect(() => {
    const next = `${screen}/${item ?? ''}`
    if (shown.current !== null && shown.current !== next) {
      window.scrollTo({ top: 0 })
      document.querySelector<HTMLElement>('.screen-title')?.focus({ preventScroll: true })
    }
    shown.current = next
  }, [screen, item])
}

function useShortcuts(open: (layer: Layer) => void, screens: readonly Screen[]): void {
  useEffect(() => {
    function onKey(event: KeyboardEvent): void {
      const { key, code, altKey, ctrlKey, metaKey, shiftKey } = event
      if (document.querySelector('.modal')) return // what lies on top has the keyboard
      const digit = /^Digit(\d)$/.exec(code)?.[1]
      if (altKey && !ctrlKey && !metaKey && !shiftKey && digit) {
        event.preventDefault()
        const screen = SCREENS[(Number(digit) + 9) % 10]
        if (screen && screens.includes(screen)) navigate({ screen })
      } else if ((ctrlKey || metaKey) && !altKey && code === 'KeyK') {
        event.preventDefault()
        open('palette')
      } else if ((key === '?' || key === '؟') && !isTyping(event.target)) {
        event.preventDefault()
        open('keys')
      }
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [open, screens])
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('input, textarea, [contenteditable="true"]') !== null
}
