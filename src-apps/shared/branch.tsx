import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from 'react'
import type { JsonObject } from '../../src-shared/json.ts'
import { type Access, type May, useAccess } from './access/access.ts'
import { AccessGate, type AppName } from './access/gate.tsx'
import { mayWrite } from './access/may.ts'
import { StartPage } from './chrome.tsx'
import { useTable } from './hooks.ts'
import { LocaleProvider, useLocale } from './i18n.tsx'
import { type Currency, currencyDecimals, formatAmount, fromMinor, type Minor, toMinor } from './money.ts'
import { mergeOrders, totalsRules } from './order-totals.ts'
import { deviceMemory } from './preferences.ts'
import { type ConflictStrategies, createStore, type Store, StoreError } from './sdk.ts'
import type { AppOrder, AppTables, Settings } from './tables.ts'

export type AppStore = Store<AppTables>

export interface Branch {
  branchId: string
  moduleId: string
  store: AppStore
}

const BranchContext = createContext<Branch | null>(null)

export function useBranch(): Branch {
  const branch = useContext(BranchContext)
  if (!branch) throw new Error('useBranch needs a BranchApp above it.')
  return branch
}

const NO_SETTINGS: Settings = {}
const FALLBACK_CURRENCY = 'EGP'
const RETRY_MS = 3_000
const ABSENT: ReadonlySet<string> = new Set(['branch-not-found', 'module-not-found'])
const REMEMBERED = 'mishkah-branch'
/** For whom the kept data was read. */
const READER = 'mishkah-reader'

interface Place {
  branchId: string
  moduleId: string
}

/**
 * `?branch=dar&module=pos`, else what this device used last, else the only branch that it is paired with, else the server's
 * first branch with the module.
 */
async function findPlace(search: string, access: Access): Promise<Place | 'no-branch' | 'no-server'> {
  const query = new URLSearchParams(search)
  const moduleId = query.get('module') ?? 'pos'
  const own = access.device?.branches ?? null
  const used = deviceMemory.read(REMEMBERED)
  const remembered = used !== null && (own === null || own.includes(used)) ? used : null
  const named = query.get('branch') ?? remembered ?? (own?.length === 1 ? own[0] : undefined)
  if (named) return { branchId: named, moduleId }
  try {
    const answer = await access.fetch('/api/branches')
    if (answer.status === 401 || answer.status === 403) access.recheck()
    const { branches } = (await answer.json()) as { branches?: { id: string; modules: { moduleId?: string }[] }[] }
    const found = branches?.find(({ modules }) => modules.some((module) => module.moduleId === moduleId))
    return found ? { branchId: found.id, moduleId } : branches ? 'no-branch' : 'no-server'
  } catch {
    return 'no-server'
  }
}

/** Lets in who may use the app, opens the branch and shows the app once there is data, of the server or of this device. */
export function BranchApp({ role, children }: { role: AppName; children: ReactNode }) {
  return (
    <AccessGate app={role}>
      <PlacedBranch role={role}>{children}</PlacedBranch>
    </AccessGate>
  )
}

function PlacedBranch({ role, children }: { role: AppName; children: ReactNode }) {
  const access = useAccess()
  const [place, setPlace] = useState<Place | 'no-branch' | 'no-server'>()
  useEffect(() => {
    if (typeof place === 'object') return
    let isOver = false
    const look = () => void findPlace(window.location.search, access).then((found) => !isOver && setPlace(found))
    if (place === undefined) look()
    const timer = window.setInterval(look, RETRY_MS)
    return () => {
      isOver = true
      window.clearInterval(timer)
    }
  }, [place, access])
  if (typeof place !== 'object') {
    return (
      <LocaleProvider>
        <StartPage state={place ?? 'loading'} />
      </LocaleProvider>
    )
  }
  return (
    <OpenBranch key={`${place.branchId}/${place.moduleId}`} place={place} role={role}>
      {children}
    </OpenBranch>
  )
}

function OpenBranch({ place, role, children }: { place: Place; role: string; children: ReactNode }) {
  const [branch, setBranch] = useState<Branch>()
  const [problem, setProblem] = useState<'no-branch' | 'no-server' | 'refused'>()
  const { key, getToken, recheck, refreshPermissions } = useAccess()
  useEffect(() => {
    const conflicts = conflictsOf(() => store)
    const store: AppStore = createStore<AppTables>({ ...place, role, conflicts, ...(getToken && { getToken }) })
    store.on('signed-out', recheck)
    store.on('status', ({ status }) => status === 'ready' && refreshPermissions())
    let isOver = false
    const show = () => {
      if (isOver) return
      deviceMemory.write(REMEMBERED, place.branchId)
      deviceMemory.write(READER, key)
      setBranch({ ...place, store })
    }
    const refuse = (error: unknown) => {
      if (isOver) return
      const isUnknown = error instanceof StoreError && ABSENT.has(error.code)
      if (isUnknown) deviceMemory.write(REMEMBERED, null)
      setProblem(isUnknown ? 'no-branch' : 'refused')
    }
    // What the device keeps may be more than this person may see; whoever signs in has a server that knows.
    const isOther = deviceMemory.read(READER) !== key && getToken !== undefined
    store
      .connect()
      .then(() => (isOther ? untilReady(store) : undefined))
      .then(show, refuse)
    // It goes on trying; the page only says why nothing is there yet.
    const timer = window.setTimeout(() => setProblem((known) => known ?? 'no-server'), RETRY_MS)
    return () => {
      isOver = true
      window.clearTimeout(timer)
      void store.close()
    }
  }, [place, role, key, getToken, recheck, refreshPermissions])
  if (!branch) {
    return (
      <LocaleProvider>
        <StartPage state={problem ?? 'loading'} />
      </LocaleProvider>
    )
  }
  return (
    <BranchContext value={branch}>
      <BranchLocale>{children}</BranchLocale>
    </BranchContext>
  )
}

function untilReady(store: AppStore): Promise<void> {
  if (store.status === 'ready') return Promise.resolve()
  return new Promise((resolve) => {
    const stop = store.on('status', ({ status }) => {
      if (status !== 'ready') return
      stop()
      resolve()
    })
  })
}

/** Tills and the kitchen change one order at the same time; what does not contradict itself is brought together. */
function conflictsOf(store: () => AppStore): ConflictStrategies {
  return {
    order_header({ mine, base, current }) {
      const settings = store().listTable('settings')[0] ?? NO_SETTINGS
      const rules = totalsRules(settings, currencyDecimals(settings.currency ?? FALLBACK_CURRENCY))
      const [my, before, now] = [mine, base, current] as unknown as [AppOrder, AppOrder | undefined, AppOrder]
      return mergeOrders(my, before, now, rules) as JsonObject | undefined
    },
    order_line: 'fields-merge',
    default: 'fail',
  }
}

/** Times are those of the branch, not of the device: the tills say in which zone they stand. */
function BranchLocale({ children }: { children: ReactNode }) {
  const terminals = useTable(useBranch().store, 'pos_terminals')
  const timeZone = terminals.find((terminal) => terminal.timezone)?.timezone ?? undefined
  return <LocaleProvider timeZone={timeZone}>{children}</LocaleProvider>
}

/** What whoever stands here may write; apps offer nothing that the server would refuse. */
export function useMay(): May {
  const { permissions } = useAccess()
  const { store } = useBranch()
  return useCallback(
    (action, table) => permissions === null || mayWrite(permissions, action, table, (name) => store.tableName(name)),
    [permissions, store],
  )
}

export function useSettings(): Settings {
  return useTable(useBranch().store, 'settings')[0] ?? NO_SETTINGS
}

/** The branch's money: reads records, makes the numbers of records, and the texts of amounts. */
export interface MoneyTools {
  currency: Currency
  read(value: number | string | null | undefined): Minor
  write(amount: Minor): number
  /** Without the currency's sign. */
  format(amount: Minor): string
}

export function useMoney(): MoneyTools {
  const { currency: code = FALLBACK_CURRENCY, currency_symbol: symbol } = useSettings()
  const { textOf, format } = useLocale()
  const sign = textOf(symbol) || code
  const { localeTag } = format
  return useMemo(() => {
    const decimals = currencyDecimals(code)
    const currency = { code, decimals, symbol: sign }
    return {
      currency,
      read: (value) => toMinor(value, decimals),
      write: (amount) => fromMinor(amount, decimals),
      format: (amount) => formatAmount(amount, currency, localeTag),
    }
  }, [code, sign, localeTag])
}

/** An amount with its currency; reads the same in both directions. */
export function Money({ amount, isBare = false }: { amount: Minor; isBare?: boolean }) {
  const { format, currency } = useMoney()
  return (
    <bdi className="money">
      {format(amount)}
      {!isBare && <span className="money-sign"> {currency.symbol}</span>}
    </bdi>
  )
}
