import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join, resolve, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { APP_NAMES } from '../../config/paths.ts'
import { API_POLICY, contentPolicy, PAGE_FORBIDS } from '../middleware/security-headers.ts'
import { headersOf, writeAnswer } from './answer.ts'
import { matchesEtag } from './call.ts'
import { createCompressor, encodingFor } from './compression.ts'

export interface StaticFiles {
  /** Answers when the path is a file that we serve; false leaves the request to the routes. */
  serve(request: IncomingMessage, response: ServerResponse, path: string, common: readonly string[]): Promise<boolean>
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webp': 'image/webp',
  '.gif': 'image/gif',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.woff': 'font/woff',
  '.wasm': 'application/wasm',
  '.mp3': 'audio/mpeg',
}
const COMPRESSIBLE = /^(text\/|application\/(json|manifest)|image\/svg)/

const OWN_PAGE = {
  'default-src': ["'self'"],
  'script-src': ["'self'"],
  'style-src': ["'self'"],
  'img-src': ["'self'", 'data:'],
  'font-src': ["'self'"],
  'connect-src': ["'self'"],
  'form-action': ["'self'"],
  ...PAGE_FORBIDS,
}
/** The console: only its own scripts, its own sockets, nothing may frame it. */
const CONSOLE_POLICY: readonly [name: string, value: string, ...rest: string[]] = [
  ...contentPolicy(OWN_PAGE),
  'Cross-Origin-Opener-Policy',
  'same-origin',
  'Permissions-Policy',
  'camera=(), microphone=(), geolocation=()',
]
/** Pages of field clients use inline scripts and foreign fonts: only framing is forbidden. */
const PAGES_POLICY: readonly string[] = contentPolicy({
  'frame-ancestors': ["'self'"],
  'object-src': ["'none'"],
  'base-uri': ["'self'"],
})

/**
 * The apps: as the console, and with their sockets spelled out, because older Safari does not count them to 'self'. The
 * host has passed admission; an IPv6 address cannot be written in a policy.
 */
function appPolicy(request: IncomingMessage): readonly string[] {
  const { host = '' } = request.headers
  const sockets = host === '' || host.startsWith('[') ? '' : ` ws://${host} wss://${host}`
  const [name, value, ...rest] = CONSOLE_POLICY
  return [name, value.replace("connect-src 'self'", `connect-src 'self'${sockets}`), ...rest]
}

/** A name that changes with its content, as the bundler writes it: `index-B7yQ2k0a.js`. */
const HASHED_NAME = /[.-][A-Za-z0-9_-]{8,}\.[a-z0-9]+$/

/** Absolute paths; each folder may be absent on disk. */
export interface FileFolders {
  consoleDir: string
  /** Has `static/` in it. */
  clientDir: string
  /** Has a folder for each of APP_NAMES. */
  appsDir: string
  /** Pages of field clients. */
  staticDir?: string
}

/** A folder below a path that ends with a slash. */
interface Mount {
  prefix: string
  dir: string
  policy(request: IncomingMessage): readonly string[]
}

/**
 * Serves the console under /console/, the folder of field clients under /, the browser SDK under /static/ and the apps
 * under their names. A file of a field client goes before one of the SDK or of an app at the same path, so that an
 * installation may keep its own point of sale; the console stays ours.
 */
export function createStaticFiles(folders: FileFolders): StaticFiles {
  const { staticDir } = folders
  const ownConsole: Mount = { prefix: '/console/', dir: folders.consoleDir, policy: () => CONSOLE_POLICY }
  const pages: Mount[] = staticDir === undefined ? [] : [{ prefix: '/', dir: staticDir, policy: () => PAGES_POLICY }]
  const client: Mount = { prefix: '/static/', dir: join(folders.clientDir, 'static'), policy: () => API_POLICY }
  const apps = APP_NAMES.map(
    (name): Mount => ({ prefix: `/${name}/`, dir: join(folders.appsDir, name), policy: appPolicy }),
  )
  const withPages = [ownConsole, ...apps]

  return {
    async serve(request, response, path, common) {
      if (request.method !== 'GET' && request.method !== 'HEAD') return false
      const candidates = path.startsWith(ownConsole.prefix) ? [ownConsole] : [...pages, client, ...apps]
      for (const mount of candidates) {
        if (!path.startsWith(mount.prefix)) continue
        const file = await findFile(mount.dir, fileNameOf(path.slice(mount.prefix.length)))
        if (!file) continue
        const isImmutable =
          withPages.includes(mount) && file.path.includes(`${sep}assets${sep}`) && HASHED_NAME.test(file.path)
        await sendFile(request, response, file, { policy: mount.policy(request), isImmutable, common })
        return true
      }
      const home =
        path === '/' && staticDir === undefined ? ownConsole : withPages.find(({ prefix }) => prefix === `${path}/`)
      if (!home) return false
      writeAnswer(response, { status: 302, type: 'text/plain', headers: ['Location', home.prefix] }, common)
      return true
    },
  }
}

/** A folder shows its page. */
function fileNameOf(name: string): string {
  return name === '' || name.endsWith('/') ? `${name}index.html` : name
}

interface FoundFile {
  path: string
  size: number
  etag: string
}

/** Undefined unless `name` is a regular file that really lies inside `folder`, links followed. */
async function findFile(folder: string, name: string): Promise<FoundFile | undefined> {
  let decoded: string
  try {
    decoded = decodeURIComponent(name)
  } catch {
    return undefined
  }
  const isPlain = !decoded.includes('\0') && !decoded.includes('\\')
  const isHidden = decoded.split('/').some((segment) => segment.startsWith('.'))
  if (!isPlain || isHidden) return undefined
  try {
    const root = await realpath(folder)
    const path = await realpath(resolve(root, join('.', decoded)))
    if (!path.startsWith(root + sep)) return undefined
    const facts = await stat(path)
    if (!facts.isFile()) return undefined
    const digest = createHash('sha1').update(`${facts.size}-${facts.mtimeMs}-${facts.ino}`).digest('base64url')
    return { path, size: facts.size, etag: `W/"${digest.slice(0, 20)}"` }
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

function isAbsent(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG' || code === 'EACCES' || code === 'ELOOP'
}

async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  file: FoundFile,
  how: { policy: readonly string[]; isImmutable: boolean; common: readonly string[] },
): Promise<void> {
  const type = TYPES[extname(file.path).toLowerCase()] ?? 'application/octet-stream'
  const cache = how.isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache'
  const headers = ['ETag', file.etag, 'Vary', 'Accept-Encoding']
  const sent = request.headers['if-none-match']
  if (sent !== undefined && matchesEtag(sent, file.etag)) {
    writeAnswer(response, { status: 304, type, cache, policy: how.policy, headers }, how.common)
    return
  }
  const encoding = COMPRESSIBLE.test(type) && file.size > 1_024 ? encodingFor(request) : undefined
  headers.push(...(encoding ? ['Content-Encoding', encoding] : ['Content-Length', String(file.size)]))
  response.writeHead(200, headersOf({ type, cache, policy: how.policy, headers }, how.common))
  if (request.method === 'HEAD') {
    response.end()
    return
  }
  const source = createReadStream(file.path)
  await (encoding ? pipeline(source, createCompressor(encoding), response) : pipeline(source, response))
}
