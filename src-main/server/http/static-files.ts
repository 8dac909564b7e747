import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join, resolve, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
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

/** The console: only its own scripts, its own sockets, nothing may frame it. */
const CONSOLE_POLICY = [
  'Content-Security-Policy',
  "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy',
  'same-origin',
  'Permissions-Policy',
  'camera=(), microphone=(), geolocation=()',
]
/** Pages of field clients use inline scripts and foreign fonts: only framing is forbidden. */
const PAGES_POLICY = ['Content-Security-Policy', "frame-ancestors 'self'; object-src 'none'; base-uri 'self'"]

const CONSOLE_PREFIX = '/console/'
/** A name that changes with its content, as the bundler writes it: `index-B7yQ2k0a.js`. */
const HASHED_NAME = /[.-][A-Za-z0-9_-]{8,}\.[a-z0-9]+$/

/** Serves the built console under /console/ and, when set, another folder under /. */
export function createStaticFiles(folders: { consoleDir: string; staticDir?: string }): StaticFiles {
  return {
    async serve(request, response, path, common) {
      if (request.method !== 'GET' && request.method !== 'HEAD') return false
      if (path === '/console' || (path === '/' && folders.staticDir === undefined)) {
        const headers = ['Location', CONSOLE_PREFIX]
        writeAnswer(response, { status: 302, type: 'text/plain', headers }, common)
        return true
      }
      if (path.startsWith(CONSOLE_PREFIX)) {
        const name = path.slice(CONSOLE_PREFIX.length)
        const file = await findFile(folders.consoleDir, name === '' ? 'index.html' : name)
        if (!file) return false
        const isImmutable = file.path.includes(`${sep}assets${sep}`) && HASHED_NAME.test(file.path)
        await sendFile(request, response, file, { policy: CONSOLE_POLICY, isImmutable, common })
        return true
      }
      if (folders.staticDir === undefined) return false
      const file = await findFile(folders.staticDir, path === '/' ? 'index.html' : path.slice(1))
      if (file) await sendFile(request, response, file, { policy: PAGES_POLICY, isImmutable: false, common })
      return file !== undefined
    },
  }
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
