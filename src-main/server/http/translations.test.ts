import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from './testing.ts'

const id = { name: 'id', columnName: 'id', type: 'string', primaryKey: true }
const field = (name: string) => ({ name, columnName: name, type: 'string' })
const schema = {
  schema: {
    version: 1,
    tables: [
      { name: 'dish', fields: [id, field('title'), field('unit_id')] },
      { name: 'dish_lang', fields: [id, field('dish_id'), field('lang'), field('title'), field('created_date')] },
      { name: 'unit', fields: [id, field('title')] },
    ],
  },
}
const MENU = '/api/branches/dar/modules/menu'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  const post = async (path: string, body: object) => {
    const reply = await server.ask({ method: 'POST', path, body })
    expect([path, reply.status < 300, reply.text]).toEqual([path, true, reply.text])
  }
  await post('/api/modules', { id: 'menu', schema })
  await post('/api/branches/dar/modules', { id: 'menu' })
  await post(`${MENU}/tables/dish`, { id: 'd1', title: 'شاي', unit_id: 'u1' })
  await post(`${MENU}/tables/dish`, { id: 'd2', title: 'قهوة' })
  await post(`${MENU}/tables/unit`, { id: 'u1', title: 'كوب' })
  await post(`${MENU}/tables/dish_lang`, {
    id: 't1',
    dish_id: 'd1',
    lang: 'en',
    title: 'Tea',
    created_date: '2020-01-01',
  })
  await post(`${MENU}/tables/dish_lang`, { id: 't2', dish_id: 'd2', lang: 'fr', title: 'Café' })
})
afterAll(() => server.close())

test('a snapshot in another language has the translated fields in place, and no audit column', async () => {
  const { body } = await server.get(`${MENU}?lang=en`)
  expect(body.tables).toMatchObject({
    dish: [
      { id: 'd1', title: 'Tea' },
      { id: 'd2', title: 'قهوة' },
    ],
    unit: [{ title: 'كوب' }],
  })
  expect((body.tables as { dish: object[] }).dish[0]).not.toHaveProperty('created_date')
  expect((await server.get(MENU)).body.tables).toMatchObject({ dish: [{ title: 'شاي' }, { title: 'قهوة' }] })
})

test('a list and a query carry the translation beside the record', async () => {
  const expected = { title: 'شاي', i18n: { lang: { en: { id: 'd1', title: 'Tea', unit_id: 'u1' } } } }
  expect((await server.get(`${MENU}/tables/dish?locale=en`)).body).toMatchObject({
    rows: [expected, { i18n: { lang: { en: { title: 'قهوة' } } } }],
  })
  expect((await server.get(`${MENU}/tables/dish?id=d1&lang=en`)).body).toMatchObject({ record: expected })
  const query = { branchId: 'dar', moduleId: 'menu', table: 'dish', where: { id: 'd1' }, lang: 'en' }
  expect((await server.ask({ method: 'POST', path: '/api/query/module', body: query })).body).toMatchObject({
    rows: [expected],
  })
  expect((await server.get(`${MENU}/tables/unit?lang=en`)).body.rows).toEqual([
    expect.not.objectContaining({ i18n: expect.anything() }),
  ])
})

test('all translations of a module', async () => {
  expect((await server.get('/api/store/i18n?branch=dar&module=menu&lang=en&fallback=fr')).body).toMatchObject({
    lang: 'en',
    fallbackLang: 'fr',
    translations: { dish: { d1: { title: 'Tea' }, d2: { title: 'Café' } } },
    availableLanguages: ['en', 'fr'],
  })
  expect((await server.get('/api/store/i18n?branch=dar')).body).toMatchObject({ error: 'missing-module-id' })
})
