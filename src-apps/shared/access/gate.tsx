import { type ReactNode, useMemo } from 'react'
import { StartPage } from '../chrome.tsx'
import { LocaleProvider } from '../i18n.tsx'
import type { PairedDevice } from '../sdk.ts'
import { type Access, AccessContext, usePermissions } from './access.ts'
import { deviceSession } from './device.ts'
import { HttpsPage } from './https-page.tsx'
import { PairingPage } from './pairing-page.tsx'
import { PinPage } from './pin-page.tsx'
import { type Gate, useGate } from './use-gate.ts'

export type AppName = 'pos' | 'kds'

const DEVICE_NAMES: Readonly<Record<AppName, string>> = { pos: 'Till', kds: 'Kitchen screen' }
/** Devices whose own role is all that a kitchen screen needs. */
const NEEDS_NOBODY = new Set(['kitchen', 'display'])

interface AccessGateProps {
  app: AppName
  children: ReactNode
}

/** Shows the app to who may use it, else the page that leads there: pairing, PIN, https. */
export function AccessGate({ app, children }: AccessGateProps) {
  const gate = useGate(DEVICE_NAMES[app])
  const access = useAccessOf(gate, app)
  if (access) {
    return (
      <AccessContext key={access.key} value={access}>
        {children}
      </AccessContext>
    )
  }
  return (
    <LocaleProvider>
      <GatePage gate={gate} app={app} />
    </LocaleProvider>
  )
}

function GatePage({ gate: { state, door, linkProblem }, app }: { gate: Gate; app: AppName }) {
  if (state?.kind === 'paired') return <PinPage device={state.device} />
  const isClosed = state !== undefined && (state.kind !== 'unpaired' || door?.kind === 'closed')
  if (isClosed) return <PairingPage app={app} state={state} linkProblem={linkProblem} />
  if (state && door?.kind === 'https-required') return <HttpsPage />
  return <StartPage state="loading" />
}

/** Undefined: a page comes first. */
function useAccessOf({ state, door, recheck }: Gate, app: AppName): Access | undefined {
  const person = state?.kind === 'signed-in' ? state.person : undefined
  const paired = state?.kind === 'signed-in' || state?.kind === 'paired' ? state.device : undefined
  const isIn = person !== undefined || (paired !== undefined && !needsPerson(app, paired))
  const holder = isIn ? (person?.id ?? paired?.id) : undefined
  const admitted = door?.kind === 'admitted' ? door.permissions : null
  const { permissions, refresh } = usePermissions(holder, person?.permissions ?? admitted)
  const isOpen = state?.kind === 'unpaired' && (door?.kind === 'open' || door?.kind === 'admitted')
  const isRemembered = state === undefined && door?.kind === 'open'
  return useMemo(() => {
    if (isOpen || isRemembered) {
      const nobody = { device: undefined, person: undefined, getToken: undefined }
      return { ...nobody, key: 'open', permissions, fetch: fetchOpen, recheck, refreshPermissions: refresh }
    }
    if (holder === undefined) return undefined
    const { getToken, fetch } = deviceSession
    const who = { key: holder, device: paired, person, permissions }
    return { ...who, getToken, fetch, recheck, refreshPermissions: refresh }
  }, [isOpen, isRemembered, holder, paired, person, permissions, recheck, refresh])
}

function needsPerson(app: AppName, device: PairedDevice): boolean {
  return app === 'pos' || !NEEDS_NOBODY.has(device.role)
}

function fetchOpen(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers)
  headers.set('Mishkah-Protocol', '2')
  return fetch(path, { ...init, headers })
}
