import type { Session, WebContents } from 'electron'
import { isAllowedLink } from '../ipc/allowed-links.ts'
import type { Log } from '../lib/log.ts'
import { CONSOLE_ORIGIN } from './app-scheme.ts'

/**
 * What a page may do beyond reading: put text on the clipboard, and talk to this machine. Newer Chromium asks before a page
 * reaches the loopback or local network; where to is bounded by the content security policy (app-scheme.ts).
 */
const ALLOWED_PERMISSIONS: ReadonlySet<string> = new Set([
  'clipboard-sanitized-write',
  'loopback-network',
  'local-network',
  'local-network-access',
])

/**
 * The page stays where it is: no navigation away, no frames of others, no new windows, no webviews. A link to an allowed
 * https page opens in the machine's browser instead.
 */
export function lockContents(contents: WebContents, openExternal: (url: string) => Promise<void>, log: Log): void {
  const refuse = (event: { preventDefault(): void }, url: string): void => {
    if (isConsolePage(url)) return
    event.preventDefault()
    log.warn('navigation-refused', { url })
  }
  contents.on('will-navigate', (event) => refuse(event, event.url))
  contents.on('will-redirect', (event) => refuse(event, event.url))
  contents.on('will-frame-navigate', (event) => refuse(event, event.url))
  contents.on('will-attach-webview', (event) => event.preventDefault())
  contents.setWindowOpenHandler(({ url }) => {
    if (isAllowedLink(url)) openExternal(url).catch((error: unknown) => log.warn('open-link-failed', { url, error }))
    else log.warn('window-refused', { url })
    return { action: 'deny' }
  })
}

/** Denies camera, position, notifications, devices and all else. */
export function lockSession(session: Session): void {
  session.setPermissionRequestHandler((_contents, permission, callback, details) => {
    callback(ALLOWED_PERMISSIONS.has(permission) && isConsolePage(details.requestingUrl))
  })
  session.setPermissionCheckHandler((_contents, permission, requestingOrigin) => {
    return ALLOWED_PERMISSIONS.has(permission) && isConsolePage(requestingOrigin)
  })
  session.setDevicePermissionHandler(() => false)
}

/** Compared after parsing: `app://console.evil/` begins like ours. */
function isConsolePage(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && `${url.protocol}//${url.host}` === CONSOLE_ORIGIN
}
