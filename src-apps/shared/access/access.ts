import { createContext, useCallback, useContext, useMemo, useState } from 'react'
import { deviceMemory } from '../preferences.ts'
import type { PairedDevice, SignedInPerson } from '../sdk.ts'
import { deviceSession } from './device.ts'
import type { WriteAction } from './may.ts'

/** Who uses the app, and what the app may offer. */
export interface Access {
  /** Another one for somebody else: the branch is then opened anew, in that name. */
  key: string
  /** Undefined while the branch is open to everybody. */
  device: PairedDevice | undefined
  /** Undefined too on a screen that needs nobody. */
  person: SignedInPerson | undefined
  /** Null: everything. */
  permissions: readonly string[] | null
  /** Undefined where no token is needed. */
  getToken: (() => Promise<string>) | undefined
  /** `fetch` in the name of whoever stands here. */
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** The server refused us: look again who we are. */
  recheck(): void
  /** Ask again what we may do, after a new connection. */
  refreshPermissions(): void
}

export type May = (action: WriteAction, table: string) => boolean

export const AccessContext = createContext<Access | null>(null)

export function useAccess(): Access {
  const access = useContext(AccessContext)
  if (!access) throw new Error('useAccess needs an AccessGate above it.')
  return access
}

const REMEMBERED = 'mishkah-permissions'

/**
 * What the device or the person may do, as the server said it last: a role may have been changed since the sign-in. Kept
 * for the times without a server.
 *
 * @param holder - Id of the person or the device; undefined asks nothing.
 * @param known - What the sign-in said.
 */
export function usePermissions(
  holder: string | undefined,
  known: readonly string[] | null,
): { permissions: readonly string[] | null; refresh(): void } {
  const [told, setTold] = useState<Told>()
  const refresh = useCallback(() => {
    if (holder === undefined) return
    deviceSession
      .fetch('/api/auth/me')
      .then((answer) => (answer.ok ? answer.json() : undefined))
      .then((me: { permissions: readonly string[] } | undefined) => {
        if (!me) return
        const next = { holder, permissions: me.permissions }
        deviceMemory.write(REMEMBERED, JSON.stringify(next))
        setTold((before) => (JSON.stringify(before) === JSON.stringify(next) ? before : next))
      })
      .catch(() => undefined)
  }, [holder])
  const remembered = useMemo(() => (holder === undefined ? undefined : readRemembered(holder)), [holder])
  const own = told?.holder === holder ? told?.permissions : undefined
  return { permissions: own ?? remembered ?? known, refresh }
}

interface Told {
  holder: string
  permissions: readonly string[]
}

function readRemembered(holder: string): readonly string[] | undefined {
  try {
    const kept = JSON.parse(deviceMemory.read(REMEMBERED) ?? 'null') as Told | null
    return kept?.holder === holder ? kept.permissions : undefined
  } catch {
    return undefined
  }
}
