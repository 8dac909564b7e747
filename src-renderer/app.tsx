import { QueryClient, QueryClientProvider, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react'
import type { DesktopBridge } from '../src-shared/ipc.ts'
import { ErrorNote } from './components/error-state.tsx'
import { StartPage } from './components/start-page.tsx'
import { LanguageProvider, useI18n } from './i18n/i18n.tsx'
import { KitPage } from './screens/sign-in/kit-page.tsx'
import { NoScreens } from './screens/sign-in/no-screens.tsx'
import { SignInPage } from './screens/sign-in/sign-in-page.tsx'
import { authStateQuery, meQuery } from './state/access-queries.ts'
import { createApiClient } from './state/api-client.ts'
import { ApiError } from './state/api-error.ts'
import type { ServerLink } from './state/connection.ts'
import {
  type ChosenModule,
  ConsoleStateProvider,
  chooseModule,
  PreferencesProvider,
  usePreferences,
} from './state/console-state.tsx'
import type { PreferencesStore, Theme } from './state/preferences.ts'
import { statusQuery } from './state/queries.ts'
import { recoveryKit } from './state/recovery-kit.ts'
import type { Store } from './state/store.ts'
import { Workspace } from './workspace.tsx'

interface AppProps {
  preferences: PreferencesStore
  link: Store<ServerLink>
  desktop: DesktopBridge | undefined
}

const FIRST_RETRIES = 2

function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 2_000,
        networkMode: 'always',
        refetchOnWindowFocus: true,
        retry: (count, error) => count < FIRST_RETRIES && error instanceof ApiError && error.isRetryable,
        retryDelay: (attempt) => 400 * 2 ** attempt,
      },
      mutations: { networkMode: 'always' },
    },
  })
}

export function App({ preferences, link, desktop }: AppProps) {
  const [client] = useState(createQueryClient)
  return (
    <QueryClientProvider client={client}>
      <PreferencesProvider store={preferences}>
        <Start link={link} desktop={desktop} />
      </PreferencesProvider>
    </QueryClientProvider>
  )
}

/** Language needs the branch's time zone, the branch needs the status, and the status may fail in any language. */
function Start({ link, desktop }: Omit<AppProps, 'preferences'>) {
  const [{ language, digits, theme, branchId, moduleId }, change] = usePreferences()
  const client = useQueryClient()
  const server = useSyncExternalStore(link.subscribe, link.get)
  const baseUrl = server.kind === 'ready' ? server.address.baseUrl : undefined
  const token = server.kind === 'ready' ? server.address.token : null
  const api = useMemo(() => (baseUrl === undefined ? undefined : createApiClient({ baseUrl, token })), [baseUrl, token])
  const me = useQuery(meQuery(api))
  // Asked by nobody known it would only be refused, and each refusal stands in the audit log.
  const status = useQuery(statusQuery(me.data === undefined ? undefined : api))
  const isUnknown = isUnknownCaller(me.error) || isUnknownCaller(status.error)
  const authState = useQuery({ ...authStateQuery(api), enabled: api !== undefined && isUnknown })
  const kit = useSyncExternalStore(recoveryKit.subscribe, recoveryKit.get)
  const last = useRef<ChosenModule>(undefined)
  const chosen = status.data && chooseModule(status.data.branches, { branchId, moduleId }, last.current)
  useEffect(() => {
    last.current = chosen
    if (chosen && branchId === null) change({ branchId: chosen.branch.branchId, moduleId: chosen.moduleId })
  }, [chosen, branchId, change])
  useDocumentLanguage(language)
  useDocumentTheme(theme)
  return (
    <LanguageProvider language={language} digits={digits} timeZone={chosen?.branch.timeZone}>
      {kit ? (
        <KitPage kit={kit} onDone={() => recoveryKit.set(null)} />
      ) : api && isUnknown && authState.data?.isSetUp ? (
        <SignInPage api={api} {...(authState.data.oidc && { oidc: authState.data.oidc })} />
      ) : api && me.data && isRefused(status.error) ? (
        <NoScreens api={api} me={me.data} />
      ) : api && me.data && status.data && chosen ? (
        <ConsoleStateProvider
          api={api}
          desktop={desktop}
          me={me.data}
          branch={chosen.branch}
          moduleId={chosen.moduleId}
        >
          <Workspace branches={status.data.branches} />
        </ConsoleStateProvider>
      ) : (
        <NotReady
          server={server}
          error={status.error ?? me.error}
          hasNoBranch={status.data !== undefined && chosen === undefined}
          onRetry={() => void client.invalidateQueries()}
        />
      )}
    </LanguageProvider>
  )
}

/** Nobody is signed in, or not any more. */
function isUnknownCaller(error: Error | null): boolean {
  return error instanceof ApiError && error.status === 401
}

function isRefused(error: Error | null): boolean {
  return error instanceof ApiError && error.code === 'forbidden'
}

interface NotReadyProps {
  server: ServerLink
  error: Error | null
  hasNoBranch: boolean
  onRetry(): void
}

function NotReady({ server, error, hasNoBranch, onRetry }: NotReadyProps) {
  const { t } = useI18n()
  if (server.kind === 'down') {
    const { code, message, hint } = server
    const known = new ApiError(code as ApiError['code'], message, { status: 503, ...(hint && { hint }) })
    return (
      <StartPage title={t('state.unknown')}>
        <ErrorNote error={known} />
      </StartPage>
    )
  }
  if (hasNoBranch) {
    return (
      <StartPage title={t('app.noBranch.title')}>
        <p>{t('app.noBranch.body')}</p>
      </StartPage>
    )
  }
  if (error) {
    return (
      <StartPage title={t('state.unknown')}>
        <ErrorNote error={error} onRetry={onRetry} />
      </StartPage>
    )
  }
  return (
    <StartPage title={server.kind === 'waiting' ? t('app.waiting.title') : t('app.loading')}>
      {server.kind === 'waiting' && <p>{t('app.waiting.body')}</p>}
    </StartPage>
  )
}

function useDocumentLanguage(language: string): void {
  useEffect(() => {
    document.documentElement.lang = language === 'pseudo' ? 'en' : language
    document.documentElement.dir = language === 'ar' ? 'rtl' : 'ltr'
  }, [language])
}

function useDocumentTheme(theme: Theme): void {
  useEffect(() => {
    const system = window.matchMedia('(prefers-color-scheme: dark)')
    const apply = () => {
      document.documentElement.dataset.theme = theme === 'system' ? (system.matches ? 'dark' : 'light') : theme
    }
    apply()
    system.addEventListener('change', apply)
    return () => system.removeEventListener('change', apply)
  }, [theme])
}
