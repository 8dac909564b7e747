import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join, relative, sep } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CHEAP_COST } from '../../../src-main/access/testing.ts'
import type { Route } from '../../../src-main/server/http/route.ts'
import { routes } from '../../../src-main/server/http/routes.ts'
import { startTestServer, type TestServer } from '../../../src-main/server/http/testing.ts'
import { oddNames } from '../../support/odd-names.ts'

/**
 * reliability.md T18: odd names at every path parameter of every route, as an administrator (whom nothing else stops) and
 * as a stranger. MISHKAH_TORTURE=1 puts each name at each parameter.
 */
const NAMES = oddNames()
const PER_PARAMETER = process.env.MISHKAH_TORTURE === '1' ? NAMES.length : 60
const PARALLEL = 16
const PASSWORD = 'a long password'
const LONG = { timeout: 60_000 + NAMES.length * PER_PARAMETER * 10 }

const root = mkdtempSync(join(tmpdir(), 'mishkah-odd-'))
const dataDir = join(root, 'one', 'two', 'data')
const agent = new Agent({ keepAlive: true, maxSockets: PARALLEL })
let server: TestServer
let token: string

beforeAll(async () => {
  mkdirSync(dataDir, { recursive: true })
  writeFileSync(join(root, 'one', 'canary.txt'), 'root:x:0:0')
  server = await startTestServer({ dataDir, isFolderKept: true, hashCost: CHEAP_COST, adminPassword: PASSWORD })
  token = (await ask({ method: 'POST', path: '/api/auth/login', body: { user: 'admin', password: PASSWORD } })).token
})
afterAll(async () => {
  agent.destroy()
  await server.close()
  rmSync(root, { recursive: true, force: true })
})

interface Asked {
  method: string
  path: string
  body?: object
  bearer?: string | undefined
}

interface Said {
  status: number
  code: string
  text: string
  headers: Record<string, unknown>
  token: string
}

function ask({ method, path, body, bearer }: Asked): Promise<Said> {
  const text = body && JSON.stringify(body)
  const headers = {
    ...(text !== undefined && { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }),
    ...(bearer !== undefined && { Authorization: `Bearer ${bearer}` }),
  }
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port: server.port, method, path, agent, headers }, (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('end', () => {
        const answer = Buffer.concat(chunks).toString()
        const parsed = answer.startsWith('{') ? (JSON.parse(answer) as { error?: string; accessToken?: string }) : {}
        const { error = '', accessToken = '' } = parsed
        resolve({
          status: incoming.statusCode ?? 0,
          code: error,
          text: answer,
          headers: incoming.headers,
          token: accessToken,
        })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(text)
  })
}

const VALID: Readonly<Record<string, string>> = { branchId: 'dar', moduleId: 'pos', table: 'order_types', name: 'pos' }

/** One address a parameter and name: the others are right. */
function addressesOf({ path, method }: Route, from: number): { method: string; path: string; name: string }[] {
  const parameters = [...path.matchAll(/[:*](\w+)/g)].map((match) => match[1]!)
  return parameters.flatMap((odd, index) =>
    Array.from({ length: PER_PARAMETER }, (_, n) => {
      const name = NAMES[(from + index * PER_PARAMETER + n) % NAMES.length]!
      const filled = path
        .replace(/[{}]/g, '')
        .replace(/[:*](\w+)/g, (_all, one: string) => (one === odd ? name.inPath : (VALID[one] ?? 'x')))
      return { method, path: filled, name: name.inPath }
    }),
  )
}

const ADDRESSES = routes.flatMap((route, index) => addressesOf(route, index * PER_PARAMETER))

/** Paths of everything below a folder, names of databases' side files left out. */
function treeOf(folder: string, base = folder): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? treeOf(path, base) : [relative(base, path).split(sep).join('/')]
  })
}

async function askAll(bearer: string | undefined): Promise<{ codes: Map<string, number>; wrong: string[] }> {
  const codes = new Map<string, number>()
  const wrong: string[] = []
  let next = 0
  const work = async (): Promise<void> => {
    while (next < ADDRESSES.length) {
      const { method, path, name } = ADDRESSES[next++]!
      const said = await ask({ method, path, bearer, ...(method !== 'GET' && { body: {} }) })
      const key = said.status < 400 ? String(said.status) : said.code
      codes.set(key, (codes.get(key) ?? 0) + 1)
      const what = `${method} ${path.slice(0, 120)} (${JSON.stringify(name).slice(0, 60)}): ${said.status} ${said.code}`
      if (said.status >= 500 || (said.status >= 400 && said.code === '')) wrong.push(what)
      if (/root:x|PRIVATE KEY|SQLITE|node_modules|scrypt/.test(said.text)) wrong.push(`leaks: ${what}`)
      if (said.headers['set-cookie'] !== undefined || said.headers.odd !== undefined) wrong.push(`header: ${what}`)
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, work))
  return { codes, wrong }
}

test(
  `[T18] ${NAMES.length} odd names at every path parameter: never a 500, never outside the data folder`,
  LONG,
  async () => {
    expect(NAMES.length).toBeGreaterThanOrEqual(500)
    const outside = (): string[] => treeOf(root).filter((path) => !path.startsWith('one/two/data/'))
    const inside = (): string[] => treeOf(dataDir).filter((path) => !/-(?:wal|shm)$|^logs\//.test(path))
    const before = { outside: outside(), inside: inside() }
    const { codes, wrong } = await askAll(token)
    expect(wrong).toEqual([])
    expect(outside()).toEqual(before.outside)
    expect(inside()).toEqual(before.inside)
    console.log(`${ADDRESSES.length} requests with odd names: ${JSON.stringify(Object.fromEntries(codes))}`)
    expect([...new Set(ADDRESSES.map(({ name }) => name))].length).toBe(NAMES.length)
    expect(codes.get('unauthorized') ?? 0).toBe(0)
  },
)

test(
  'a stranger is asked to sign in, whatever the name; the audit log stays small, and nobody is locked out',
  LONG,
  async () => {
    const verify = async (): Promise<number> => {
      const said = await ask({ method: 'POST', path: '/api/manage/audit/verify', body: {}, bearer: token })
      expect(said.status).toBe(200)
      return (JSON.parse(said.text) as { entries: number }).entries
    }
    const before = await verify()
    const { codes, wrong } = await askAll(undefined)
    expect(wrong).toEqual([])
    expect([...codes.keys()]).toEqual(['unauthorized'])
    // 200 refusals by name, then all others as one, for each minute that this took.
    expect((await verify()) - before).toBeLessThan(1_000)
    const login = { method: 'POST', path: '/api/auth/login', body: { user: 'admin', password: PASSWORD } }
    expect((await ask(login)).status).toBe(200)
  },
)

test(
  'odd names of people, roles, devices and sign-ins: refused with a code, or kept as the text that they are',
  LONG,
  async () => {
    const wrong: string[] = []
    const doors: [path: string, body: (name: string) => object][] = [
      ['/api/manage/people', (name) => ({ user: name, role: 'cashier', password: PASSWORD })],
      ['/api/manage/people', (name) => ({ user: 'someone', role: name, password: PASSWORD })],
      ['/api/manage/people', (name) => ({ user: 'someone', role: 'cashier', branches: [name], password: name })],
      ['/api/manage/pairings', (name) => ({ role: name })],
      ['/api/pair/collect', (name) => ({ claim: name })],
      ['/api/auth/refresh', (name) => ({ refreshToken: name })],
      ['/api/auth/approve-device', (name) => ({ claim: name, user: name, pin: name })],
      ['/api/manage/explain', (name) => ({ branchId: name, moduleId: name, table: name, action: 'read', role: name })],
    ]
    let count = 0
    for (const { text } of NAMES) {
      for (const [path, body] of doors.filter((_, index) => index % 4 === count % 4)) {
        const said = await ask({ method: 'POST', path, body: body(text), bearer: token })
        if (said.status >= 500) wrong.push(`${path} ${JSON.stringify(text).slice(0, 80)}: ${said.status}`)
      }
      count++
    }
    expect(wrong).toEqual([])
    const list = await ask({ method: 'GET', path: '/api/manage/people', bearer: token })
    const { people } = JSON.parse(list.text) as { people: { user: string }[] }
    const odd = people.filter(({ user }) => !/^[\p{L}\p{N}][\p{L}\p{N}._@-]{0,63}$/u.test(user))
    expect(odd).toEqual([])
  },
)
