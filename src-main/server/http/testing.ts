import { mkdtempSync, rmSync } from 'node:fs'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { JsonObject } from '../../../src-shared/json.ts'
import type { ServerOptions } from '../../config/options.ts'
import { defaultsDir } from '../../config/paths.ts'
import type { RunningServer, ServerNotice } from '../../config/services.ts'
import { type Log, silentLog } from '../../lib/log.ts'
import { startBranchServer } from '../branch-server.ts'
import type { HttpSettings } from './services.ts'

export interface Question {
  method?: string
  /** From the root, or from the module pos of dar when it does not start with a slash. */
  path: string
  /** An object is sent as JSON; text as it is. */
  body?: unknown
  headers?: Record<string, string>
}

export interface Reply {
  status: number
  headers: IncomingHttpHeaders
  bytes: Buffer
  text: string
  /** Undefined when the answer is not JSON. */
  body: JsonObject
}

/** A real server on a free port with a real store in a temporary folder. */
export interface TestServer {
  readonly url: string
  readonly port: number
  readonly dataDir: string
  /** What the server told the process that runs it. */
  readonly notices: readonly ServerNotice[]
  ask(question: Question): Promise<Reply>
  get(path: string): Promise<Reply>
  /** Position of the module pos of dar: how many events there are. */
  events(): Promise<number>
  close(): Promise<void>
}

export const MODULE = '/api/branches/dar/modules/pos'

/** What is asked, what comes back, and how many events it leaves in the module. */
export type Row = [what: string, question: Question, status: number, body: object, events: number]

/** Asks one row after the other: later rows may build on earlier ones. */
export async function runRows(server: TestServer, rows: readonly Row[]): Promise<void> {
  for (const [what, question, status, body, events] of rows) {
    const before = await server.events()
    const reply = await server.ask(question)
    expect([what, reply.status, reply.body]).toMatchObject([what, status, body])
    expect([what, (await server.events()) - before]).toEqual([what, events])
  }
}

export async function startTestServer(
  options: Partial<ServerOptions & HttpSettings & { log: Log; isFolderKept: boolean }> = {},
): Promise<TestServer> {
  const notices: ServerNotice[] = []
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'mishkah-http-'))
  const server: RunningServer = await startBranchServer(
    {
      port: 0,
      host: '127.0.0.1',
      dataDir,
      legacyClients: false,
      openLan: false,
      openLanRole: 'cashier',
      rateLimit: true,
      logLevel: 'error',
      consoleDir: join(dataDir, 'no-console'),
      clientDir: join(dataDir, 'no-client'),
      appsDir: join(dataDir, 'no-apps'),
      defaultsDir,
      version: '0.0.0-test',
      ...options,
    },
    { log: options.log ?? silentLog, notify: (notice) => notices.push(notice) },
  )
  const ask = (question: Question): Promise<Reply> => send(server.port, question)
  return {
    url: server.url,
    port: server.port,
    dataDir,
    notices,
    ask,
    get: (path) => ask({ path }),
    async events() {
      const { body } = await ask({ path: 'version' })
      return Number(body)
    },
    async close() {
      await server.close()
      if (!options.isFolderKept) rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

/** The path goes out exactly as written: a URL parser would tidy it. */
function send(port: number, { method = 'GET', path, body, headers = {} }: Question): Promise<Reply> {
  const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      {
        port,
        host: '127.0.0.1',
        method,
        path: path.startsWith('/') || path.startsWith('http:') || path === '*' ? path : `${MODULE}/${path}`,
        headers: {
          ...(text !== undefined && {
            'Content-Type': 'application/json',
            'Content-Length': String(Buffer.byteLength(text)),
          }),
          ...headers,
        },
        agent: false,
      },
      (incoming) => {
        const chunks: Buffer[] = []
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
        incoming.on('error', reject)
        incoming.on('end', () => {
          const bytes = Buffer.concat(chunks)
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            bytes,
            text: bytes.toString('utf8'),
            body: parse(bytes),
          })
        })
      },
    )
    outgoing.on('error', reject)
    outgoing.end(text)
  })
}

function parse(bytes: Buffer): JsonObject {
  try {
    return JSON.parse(bytes.toString('utf8')) as JsonObject
  } catch {
    return {} // metrics, pages, files
  }
}
