import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CHEAP_COST } from '../../../src-main/access/testing.ts'
import { type Question, startTestServer, type TestServer } from '../../../src-main/server/http/testing.ts'
import { type Frame, TestClient } from '../../../src-main/server/sync/testing.ts'

const PASSWORD = 'a long password'
const MENU = '/api/branches/dar/modules/menu'
const id = { name: 'id', columnName: 'id', type: 'string', primaryKey: true }
const field = (name: string) => ({ name, columnName: name, type: 'string' })
const schema = {
  schema: {
    version: 1,
    tables: [
      { name: 'dish', fields: [id, field('title'), field('recipe')] },
      { name: 'dish_lang', fields: [id, field('dish_id'), field('lang'), field('title'), field('recipe')] },
    ],
  },
}
/** What each role may not find anywhere, and one word that it has to find: a test that finds nothing proves nothing. */
const ROLES: Record<string, { hidden: string[]; seen: string }> = {
  cook: { hidden: [], seen: 'Secret sauce' },
  // Rows of the base table: the translations of a record that may not be seen are not laid over anything.
  guest: { hidden: ['Off menu', 'Off recipe'], seen: 'Tea' },
  // A field of the base table, under every language.
  server: { hidden: ['Secret sauce', 'Off recipe', 'خلطة'], seen: 'Off menu' },
  // A field of the translations alone.
  reader: { hidden: ['Secret sauce', 'Off recipe'], seen: 'خلطة' },
  // Some records of the translations alone.
  local: { hidden: ['Off menu', 'Off recipe'], seen: 'Tea' },
  // No permission for the translations at all.
  plain: { hidden: ['Tea', 'Secret sauce', 'Off menu', 'Off recipe'], seen: 'شاي' },
}
const POLICY = {
  roles: Object.fromEntries(
    Object.keys(ROLES).map((name) => [
      name,
      { permissions: name === 'plain' ? ['read:dish'] : ['read:*', 'manage:snapshots'] },
    ]),
  ),
  rules: [
    { id: 'on-the-menu', table: 'dish', roles: ['guest'], read: "record.id != 'd2'" },
    { id: 'on-the-menu-too', table: 'dish_lang', roles: ['guest', 'local'], read: "record.dish_id != 'd2'" },
    { id: 'recipe', table: 'dish', roles: ['server'], fields: ['recipe'], read: false },
    { id: 'recipes', table: 'dish_lang', roles: ['server', 'reader'], fields: ['recipe'], read: false },
  ],
}

let server: TestServer
const folder = mkdtempSync(join(tmpdir(), 'mishkah-leaks-i18n-'))
const tokens: Record<string, string> = {}
const clients: TestClient[] = []

beforeAll(async () => {
  mkdirSync(join(folder, 'config'))
  writeFileSync(join(folder, 'config', 'policy.json'), JSON.stringify(POLICY))
  server = await startTestServer({ dataDir: folder, hashCost: CHEAP_COST, rateLimit: false, adminPassword: PASSWORD })
  await signIn('admin')
  await post('/api/modules', { id: 'menu', schema })
  await post('/api/branches/dar/modules', { id: 'menu' })
  await post(`${MENU}/tables/dish`, { id: 'd1', title: 'شاي', recipe: 'خلطة' })
  await post(`${MENU}/tables/dish`, { id: 'd2', title: 'قهوة' })
  const translation = { lang: 'en', title: 'Tea', recipe: 'Secret sauce' }
  await post(`${MENU}/tables/dish_lang`, { ...translation, id: 't1', dish_id: 'd1' })
  await post(`${MENU}/tables/dish_lang`, {
    ...translation,
    id: 't2',
    dish_id: 'd2',
    title: 'Off menu',
    recipe: 'Off recipe',
  })
  for (const role of Object.keys(ROLES)) {
    await post('/api/manage/people', { user: role, role, password: PASSWORD })
    await signIn(role)
  }
})
afterAll(async () => {
  for (const client of clients) client.terminate()
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

async function signIn(user: string): Promise<void> {
  const { body } = await server.ask({ method: 'POST', path: '/api/auth/login', body: { user, password: PASSWORD } })
  tokens[user] = (body as Frame).accessToken
}

async function ask(user: string, question: Question): Promise<{ status: number; text: string }> {
  return await server.ask({ ...question, headers: { Authorization: `Bearer ${tokens[user]}` } })
}

async function post(path: string, body: object): Promise<void> {
  const { status, text } = await ask('admin', { method: 'POST', path, body })
  expect([path, status < 300, text]).toEqual([path, true, text])
}

async function frames(user: string, hello: Frame, last: string): Promise<string> {
  const client = new TestClient(`${server.url.replace('http', 'ws')}/ws`)
  clients.push(client)
  await client.opened
  client.send({ type: 'client:hello', branchId: 'dar', modules: ['menu'], ...hello, token: tokens[user] })
  await client.next(last)
  return JSON.stringify(client.frames)
}

test.each(Object.entries(ROLES))('translations tell %s nothing that rules hide', async (role, { hidden, seen }) => {
  const doors: [door: string, text: string][] = []
  for (const path of [
    ...['', '?lang=en', '?lang=fr&fallbackLang=en', '/tables/dish', '/tables/dish?lang=en', '/tables/dish_lang'],
    ...[
      '/tables/dish?id=d1&lang=en',
      '/tables/dish?id=d2&lang=en',
      '/tables/dish_lang?id=t2',
      '/events?after=0&limit=100',
    ],
  ]) {
    const { status, text } = await ask(role, { path: `${MENU}${path}` })
    expect([path, status < 500]).toEqual([path, true])
    doors.push([path, text])
  }
  for (const lang of ['en', 'fr', 'ar']) {
    doors.push([
      `i18n ${lang}`,
      (await ask(role, { path: `/api/store/i18n?branch=dar&module=menu&lang=${lang}` })).text,
    ])
    const body = { branchId: 'dar', moduleId: 'menu', table: 'dish', lang, fallbackLang: 'en' }
    doors.push([`query ${lang}`, (await ask(role, { method: 'POST', path: '/api/query/module', body })).text])
    doors.push([`socket ${lang}`, await frames(role, { lang, requestSnapshot: true }, 'server:snapshot')])
  }
  const current = { protocol: 2, lang: 'en', requestSnapshot: true }
  doors.push(['socket, protocol 2', await frames(role, current, 'server:ready')])
  for (const word of hidden) {
    expect([word, doors.filter(([, text]) => text.includes(word)).map(([door]) => door)]).toEqual([word, []])
  }
  expect(doors.some(([, text]) => text.includes(seen))).toBe(true)
})
