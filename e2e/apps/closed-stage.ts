import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join, resolve } from 'node:path'
import { type BrowserContext, expect, type Page, test } from '@playwright/test'
import type { JsonObject, JsonValue } from '../../src-shared/json.ts'
import { type Relay, startRelay } from '../integration/client/support/relay.ts'
import { type HttpAnswer, send } from '../support/http.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

export const BRANCH = 'dar'
const MODULE = `/api/branches/${BRANCH}/modules/pos`
const PASSWORD = 'the manager of the house'
const APPS = resolve(import.meta.dirname, '../../dist/apps')

/** User name, shown name, role and PIN of everybody. */
export const PEOPLE = {
  admin: { name: 'Mona Farouk', role: 'admin', pin: '913746' },
  sara: { name: 'Sara Adel', role: 'cashier', pin: '8264' },
  omar: { name: 'Omar Nabil', role: 'waiter', pin: '5193' },
  hana: { name: 'Hana Samir', role: 'runner', pin: '7305' },
} as const
export type User = keyof typeof PEOPLE

/** May write orders, but takes no money, and knows no customer. */
const RUNNER = [
  'read:*',
  ...['order_header', 'order_line', 'order_line_modifier', 'order_status_log', 'order_line_status_log'].map(
    (table) => `write:${table}`,
  ),
  ...['write:job_orders', 'write:expo_pass_ticket'],
]

const POLICY = {
  roles: { runner: { label: 'Runner', permissions: RUNNER } },
  rules: [{ id: 'no-customers', table: 'customer_profiles', roles: ['runner'], read: false }],
}

export interface Invitation {
  id: string
  code: string
  qr: { urls: string[]; secret: string }
}

export interface ClosedStage {
  server(): TestServer
  relay(): Relay
  /** As the manager in the console. */
  ask(method: string, path: string, body?: JsonValue): Promise<HttpAnswer>
  list(table: string): Promise<JsonObject[]>
  invite(role: string, name?: string): Promise<Invitation>
}

/** A real server with a manager, so that nothing answers without signing in; and the people of a small restaurant. */
export function prepareClosedStage(): ClosedStage {
  let server: TestServer | undefined
  let relay: Relay | undefined
  let token = ''
  let dataDir = ''

  async function ask(method: string, path: string, body?: JsonValue): Promise<HttpAnswer> {
    const answer = await send(server!.url, path.startsWith('/') ? path : `${MODULE}/${path}`, {
      method,
      ...(body !== undefined && { body }),
      headers: { Authorization: `Bearer ${token}`, 'Mishkah-Protocol': '2' },
    })
    return answer
  }

  test.beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'mishkah-closed-'))
    mkdirSync(join(dataDir, 'config'))
    writeFileSync(join(dataDir, 'config', 'policy.json'), JSON.stringify(POLICY))
    const env = { MISHKAH_ADMIN_PASSWORD: PASSWORD }
    server = await startTestServer({ dataDir, env, args: ['--https-port', '0'] })
    relay = await startRelay(() => server!.url)
    const signedIn = await send(server.url, '/api/auth/login', {
      method: 'POST',
      body: { user: 'admin', password: PASSWORD },
    })
    const { accessToken, user } = signedIn.body as { accessToken: string; user: { id: string } }
    token = accessToken
    const { admin, ...others } = PEOPLE
    await ask('PATCH', `/api/manage/people/${user.id}`, { name: admin.name, pin: admin.pin })
    for (const [name, person] of Object.entries(others)) {
      const added = await ask('POST', '/api/manage/people', { user: name, ...person })
      expect(added.status, added.text).toBe(201)
    }
  })
  test.afterAll(async () => {
    await relay?.close()
    await server?.stop()
    if (dataDir !== '') rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 })
  })
  return {
    server: () => server!,
    relay: () => relay!,
    ask,
    async list(table) {
      const { body } = await ask('GET', `tables/${table}?limit=1000`)
      return (body as { rows: JsonObject[] }).rows
    },
    async invite(role, name) {
      const { status, body, text } = await ask('POST', '/api/manage/pairings', { role, ...(name && { name }) })
      expect(status, text).toBe(201)
      return body as Invitation
    },
  }
}

interface Look {
  language?: 'en' | 'ar'
  theme?: 'light' | 'dark'
}

/** Opens an app with nothing kept but how it looks. @param end - After the path: a query, a fragment. */
export async function openApp(
  page: Page,
  stage: ClosedStage,
  app: 'pos' | 'kds',
  end = '',
  { language = 'en', theme = 'light' }: Look = {},
): Promise<void> {
  await page.addInitScript((chosen) => {
    for (const key of ['mishkah-apps', 'mishkah-kds']) {
      if (!localStorage.getItem(key)) localStorage.setItem(key, chosen)
    }
  }, JSON.stringify({ language, theme }))
  await page.goto(`${stage.relay().url}/${app}/${end}`)
}

export const cardOf = (page: Page, name: string) => page.locator(`[data-access="${name}"]`)

/** Pairs by the link of the QR code. */
export async function pairByLink(
  page: Page,
  stage: ClosedStage,
  {
    app = 'pos',
    role = 'cashier',
    query = '',
    ...look
  }: Look & { app?: 'pos' | 'kds'; role?: string; query?: string } = {},
): Promise<void> {
  const { qr } = await stage.invite(role, `${app} ${role}`)
  await openApp(page, stage, app, `${query}#pair=${qr.secret}`, look)
}

/** Presses digits on the keys of the page, as a finger does. */
export async function typeDigits(page: Page, digits: string): Promise<void> {
  for (const digit of digits) await page.locator('.digit-key', { hasText: digit }).click()
}

export async function signIn(page: Page, user: User, pin: string = PEOPLE[user].pin): Promise<void> {
  await page.locator(`[data-user="${user}"]`).click()
  await typeDigits(page, pin)
  await page.getByTestId('sign-in').click()
}

/** The pages stay on the device when the server goes, as in an app that wraps them. */
export async function keepPages(context: BrowserContext): Promise<void> {
  await context.route(/\/(pos|kds)\/(?!.*\bws\b)/, async (route) => {
    const { pathname } = new URL(route.request().url())
    const path = join(APPS, pathname.endsWith('/') ? `${pathname}index.html` : pathname)
    const contentType = TYPES[extname(path)] ?? 'application/octet-stream'
    await route.fulfill({ contentType, body: await readFile(path) })
  })
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}
