import type { Platform } from '../lib/platform.ts'
import { StoreError } from '../lib/store-error.ts'
import type { ConflictStrategies } from '../queue/conflicts.ts'

export interface StoreOptions {
  branchId: string
  /** `pos` when absent. */
  moduleId?: string
  /** Shown in the server's log. */
  role?: string
  userId?: string
  lang?: string
  /** Path of the socket on the page's own server; `/ws` when absent. */
  wsPath?: string
  /** Full address of the socket, for pages of another server. */
  wsUrl?: string
  /** A token, or a function that is asked for one at each connection and before it ends. */
  token?: string | (() => string | Promise<string>)
  /** The same as a function of `token`, which it replaces. */
  getToken?: () => string | Promise<string>
  /** True when absent. */
  autoReconnect?: boolean
  /** True when absent; false keeps nothing across page loads, neither the data nor the writes that wait. */
  useIndexedDB?: boolean
  /** Most events of `history`. */
  historyLimit?: number
  /** Also ask for the last events at each connection; they come as `history`. */
  requestHistory?: boolean
  /** Subscribe to these tables only. */
  tables?: readonly string[]
  /** The schema of the module, as `/api/schema` answers it: names, aliases and keys of the tables are read from it. */
  schema?: unknown
  /** What becomes of writes that meet a newer record, by table. */
  conflicts?: ConflictStrategies
  /** Name of the database in the browser; made of branch and module when absent. */
  storageName?: string
  /** Surroundings for tests. */
  platform?: Platform
}

/** The address of the socket. @throws StoreError `offline` outside of a page without `wsUrl`. */
export function socketUrl(options: StoreOptions, origin: string | undefined): string {
  const { wsUrl, wsPath = '/ws' } = options
  if (wsUrl !== undefined) return wsUrl.replace(/^http/, 'ws')
  if (origin === undefined) throw new StoreError('offline', 'No page to take the server from: give wsUrl.')
  return new URL(wsPath, origin).href.replace(/^http/, 'ws')
}

/** The address of the REST API that belongs to the socket. */
export function apiBase(options: StoreOptions, origin: string | undefined): string {
  return new URL(socketUrl(options, origin)).origin.replace(/^ws/, 'http')
}

export function storageName({ branchId, moduleId = 'pos', storageName: name, wsUrl }: StoreOptions): string {
  return name ?? ['mishkah', branchId, moduleId, ...(wsUrl === undefined ? [] : [wsUrl])].join('/')
}
