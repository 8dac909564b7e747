import { readFile } from 'node:fs/promises'
import { extname, resolve, sep } from 'node:path'
import type { Protocol } from 'electron'

const SCHEME = 'app'
export const CONSOLE_ORIGIN = 'app://console'
export const CONSOLE_URL = `${CONSOLE_ORIGIN}/`

const MEDIA_TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.woff': 'font/woff',
  '.txt': 'text/plain; charset=utf-8',
}

/** Must run before the app is ready. A scheme of our own instead of file: has an origin that can be checked. */
export function registerAppScheme(protocol: Pick<Protocol, 'registerSchemesAsPrivileged'>): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
  ])
}

export interface ConsoleFiles {
  /** Folder of the built console. */
  dir: string
  /**
   * The server's address for this machine, such as `http://127.0.0.1:3200`, or `http://127.0.0.1:*` while a free port is
   * still to be found: the only place that the page may talk to.
   */
  getServerSource(): string
}

/** Serves the built console, and nothing else, under `app://console`. */
export function serveConsole(protocol: Pick<Protocol, 'handle'>, files: ConsoleFiles): void {
  protocol.handle(SCHEME, (request) => answer(request, files))
}

async function answer(request: Request, files: ConsoleFiles): Promise<Response> {
  const url = new URL(request.url)
  const headers = securityHeaders(files.getServerSource())
  if (url.host !== 'console') return new Response('Not found', { status: 404, headers })
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return new Response('Method not allowed', { status: 405, headers: { ...headers, allow: 'GET, HEAD' } })
  }
  const path = resolveInside(files.dir, url.pathname)
  const body = path && (await readFile(path).catch(() => undefined))
  if (path && body)
    return new Response(new Uint8Array(body), { headers: { ...headers, 'content-type': mediaType(path) } })
  if (url.pathname !== '/') return new Response('Not found', { status: 404, headers })
  return new Response(NOT_BUILT, { headers: { ...headers, 'content-type': 'text/html; charset=utf-8' } })
}

/**
 * The server has the same files under `/console/`, so a build for that address works here too.
 *
 * @returns undefined for a path that leaves the folder.
 */
function resolveInside(dir: string, pathname: string): string | undefined {
  let decoded: string
  try {
    decoded = decodeURIComponent(pathname)
  } catch {
    return undefined // not valid UTF-8
  }
  const relative = decoded.replace(/^\/(console\/)?/, '') || 'index.html'
  const path = resolve(dir, relative)
  return relative.includes('\0') || !path.startsWith(resolve(dir) + sep) ? undefined : path
}

function mediaType(path: string): string {
  return MEDIA_TYPES[extname(path).toLowerCase()] ?? 'application/octet-stream'
}

/** Scripts, styles and fonts from the app only; data from the branch's server only. */
export function securityHeaders(server: string): Record<string, string> {
  const policy = [
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    `img-src 'self' data: blob: ${server}`,
    `connect-src 'self' ${server} ${server.replace(/^http/, 'ws')}`,
    "object-src 'none'",
    "frame-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ]
  return {
    'content-security-policy': policy.join('; '),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
  }
}

const NOT_BUILT = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Mishkah Branch Server</title>
<h1>Mishkah Branch Server</h1><p>The console is not built. Run <code>npm run build</code> and open this window again.</p></html>`
