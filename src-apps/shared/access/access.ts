import { createContext, useContext, useEffect, useState } from 'react'
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
 * What the device or the person may do, as the server says it now: a role may have been changed since the sign-in. Kept
 * for the times without a server.
 *
 * @param holder - Id of the person or the device; undefined asks nothing.
 */
export function usePermissions(holder: string | undefined, known: readonly string[] | null): readonly string[] | null {
  const [permissions, setPermissions] = useState(() => readRemembered(holder) ?? known)
  useEffect(() => {
    if (holder === undefined) return
    let isOver = false
    setPermissions(readRemembered(holder) ?? known)
    deviceSession
      .fetch('/api/auth/me')
      .then((answer) => (answer.ok ? answer.json() : undefined))
      .then((me: { permissions: string[] } | undefined) => {
        if (isOver || !me) return
        deviceMemory.write(REMEMBERED, JSON.stringify({ holder, permissions: me.permissions }))
        setPermissions(me.permissions)
      })
      .catch(() => undefined)
    return () => {
      isOver = true
    }
  }, [holder, known])
  return holder === undefined ? known : permissions
}

function readRemembered(holder: string | undefined): readonly string[] | undefined {
  try {
    const kept = JSON.parse(deviceMemory.read(REMEMBERED) ?? 'null') as { holder: string; permissions: string[] } | null
    return kept?.holder === holder ? kept?.permissions : undefined
  } catch {
    return undefined
  }
}
