import type { Connection, DesktopBridge } from '../../src-shared/ipc.ts'
import type { ServerAddress } from './api-client.ts'
import { createStore, type Store } from './store.ts'

/** Where the server is. In a browser it is where the page came from; the desktop says it, and says when it changes. */
export type ServerLink =
  | { kind: 'ready'; address: ServerAddress }
  | { kind: 'waiting' }
  | { kind: 'down'; code: string; message: string; hint?: string }

export function toServerLink(connection: Connection): ServerLink {
  if (connection.state === 'ready') {
    return { kind: 'ready', address: { baseUrl: connection.baseUrl.replace(/\/$/, ''), token: connection.token } }
  }
  const { error } = connection
  if (!error || connection.state === 'restarting' || connection.state === 'starting') return { kind: 'waiting' }
  return { kind: 'down', code: error.code, message: error.message, ...(error.hint && { hint: error.hint }) }
}

export function openServerLink(desktop: DesktopBridge | undefined, origin: string): Store<ServerLink> {
  if (!desktop) return createStore<ServerLink>({ kind: 'ready', address: { baseUrl: origin, token: null } })
  const store = createStore<ServerLink>({ kind: 'waiting' })
  desktop.onConnectionChanged((connection) => store.set(toServerLink(connection)))
  desktop.getConnection().then(
    (reply) => {
      store.set(reply.ok ? toServerLink(reply.value) : { kind: 'down', code: reply.code, message: reply.message })
    },
    () => store.set({ kind: 'down', code: 'internal', message: 'The window lost its connection to the app.' }),
  )
  return store
}
