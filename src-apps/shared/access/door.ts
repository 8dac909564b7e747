import { deviceMemory } from '../preferences.ts'

/**
 * What the server does with a device that is not paired: `open`, there is no manager yet and everything is served;
 * `admitted`, older devices are let in by their address or cookie; `closed`; `https-required`, this page came by plain
 * http.
 */
export type Door =
  | { kind: 'open' }
  | { kind: 'admitted'; permissions: readonly string[] }
  | { kind: 'closed' }
  | { kind: 'https-required' }

const REMEMBERED = 'mishkah-door'
const TIMEOUT_MS = 8_000

/** Without a server it is as it was the last time. */
export function rememberedDoor(): Door | undefined {
  return deviceMemory.read(REMEMBERED) === 'open' ? { kind: 'open' } : undefined
}

/** Undefined when the server cannot be reached. */
export async function askDoor(): Promise<Door | undefined> {
  const door = await ask().catch(() => undefined)
  if (door) deviceMemory.write(REMEMBERED, door.kind === 'open' ? 'open' : null)
  return door
}

async function ask(): Promise<Door | undefined> {
  const state = await get('/api/auth/state')
  if (state.body.error === 'https-required') return { kind: 'https-required' }
  if (!state.isOk) return undefined
  if (state.body.isSetUp !== true) return { kind: 'open' }
  const me = await get('/api/auth/me')
  // Somebody's console in this browser is no till: whoever comes next would sell in that name.
  if (!me.isOk || me.body.kind === 'person') return { kind: 'closed' }
  return { kind: 'admitted', permissions: me.body.permissions as string[] }
}

async function get(path: string): Promise<{ isOk: boolean; body: Record<string, unknown> }> {
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  const answer = await fetch(path, { cache: 'no-store', headers: { 'Mishkah-Protocol': '2' }, signal })
  return { isOk: answer.ok, body: (await answer.json()) as Record<string, unknown> }
}
