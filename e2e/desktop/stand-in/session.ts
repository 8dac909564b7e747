import type Electron from 'electron'
import type { BrowserContext } from 'playwright-core'
import { record } from './record.ts'

type SchemeHandler = (request: Request) => Response | Promise<Response>
const schemeHandlers = new Map<string, SchemeHandler>()
let privilegedSchemes: Electron.CustomScheme[] = []

/** Docs: protocol, `protocol.registerSchemesAsPrivileged(customSchemes)`, `protocol.handle(scheme, handler)`. */
export const protocol = {
  registerSchemesAsPrivileged(customSchemes: Electron.CustomScheme[]): void {
    if (privilegedSchemes.length > 0) throw new Error('protocol.registerSchemesAsPrivileged should be called only once')
    privilegedSchemes = customSchemes
    record('protocol.registerSchemesAsPrivileged', customSchemes)
  },
  handle(scheme: string, handler: SchemeHandler): void {
    schemeHandlers.set(scheme, handler)
  },
}
protocol satisfies Pick<Electron.Protocol, 'registerSchemesAsPrivileged' | 'handle'>

export async function answerScheme(request: Request): Promise<Response | undefined> {
  const handler = schemeHandlers.get(new URL(request.url).protocol.slice(0, -1))
  return handler?.(request)
}

type RequestHandler = Parameters<Electron.Session['setPermissionRequestHandler']>[0]
type CheckHandler = Parameters<Electron.Session['setPermissionCheckHandler']>[0]
let requestHandler: RequestHandler = null
let checkHandler: CheckHandler = null
let hasDeviceHandler = false

/** Docs: session, `ses.setPermissionRequestHandler(handler)`, `ses.setPermissionCheckHandler(handler)`. */
const defaultSession = {
  setPermissionRequestHandler(handler: RequestHandler): void {
    requestHandler = handler
  },
  setPermissionCheckHandler(handler: CheckHandler): void {
    checkHandler = handler
  },
  setDevicePermissionHandler(
    handler: ((details: Electron.DevicePermissionHandlerHandlerDetails) => boolean) | null,
  ): void {
    hasDeviceHandler = handler !== null
  },
}
defaultSession satisfies Pick<
  Electron.Session,
  'setPermissionRequestHandler' | 'setPermissionCheckHandler' | 'setDevicePermissionHandler'
>
export const session = { defaultSession }

/** Asks both handlers. Without a handler everything is granted, as in Electron. */
export function askPermission(
  permission: string,
  url: string,
): { requested: boolean; checked: boolean; hasDeviceHandler: boolean } {
  const name = permission as Parameters<NonNullable<CheckHandler>>[1]
  let requested = requestHandler === null
  const details = { requestingUrl: url, isMainFrame: true } as Electron.PermissionRequest
  requestHandler?.({} as Electron.WebContents, name, (granted) => (requested = granted), details)
  const origin = new URL(url)
  const checked =
    checkHandler?.(null, name, `${origin.protocol}//${origin.host}/`, { requestingUrl: url, isMainFrame: true }) ?? true
  return { requested, checked, hasDeviceHandler }
}

/** Chromium's own names for what the check handler is asked about. */
const CHROMIUM_NAMES = {
  'clipboard-sanitized-write': 'clipboard-write',
  'clipboard-read': 'clipboard-read',
  notifications: 'notifications',
  geolocation: 'geolocation',
  'local-network-access': 'local-network-access',
} as const

/** Grants the browser exactly what the handlers grant. */
export async function applyPermissions(context: BrowserContext, appUrl: string, pageOrigin: string): Promise<void> {
  const granted = Object.entries(CHROMIUM_NAMES).filter(([name]) => askPermission(name, appUrl).checked)
  await context.grantPermissions(
    granted.map(([, name]) => name),
    { origin: pageOrigin },
  )
}
