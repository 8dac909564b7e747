import { afterEach, expect, test } from 'vitest'
import { declared, insert, line, startTestGateway, type TestGateway, undeclared } from './testing.ts'

let running: TestGateway | undefined

async function start(): Promise<TestGateway> {
  running = await startTestGateway()
  return running
}

afterEach(async () => {
  await running?.close()
  running = undefined
})

test('[S1] [S4] sockets are sent the same buffers, whatever their number', async () => {
  const gateway = await start()
  for (let n = 0; n < 5; n++) await undeclared(gateway)
  const { serialized, frames } = gateway.gateway.figures().channels.direct

  // Per socket the hello and the log; the snapshot is none.
  expect([serialized, frames]).toEqual([10, 15])
})

test('[S5] a snapshot on request is followed by the events after it only', async () => {
  const gateway = await start()
  const client = await undeclared(gateway)
  const writer = await declared(gateway, { tables: [] })
  for (let n = 0; n < 30; n++) {
    writer.send(insert('order_line', line(`l${n}`), `r${n}`))
    if (n % 7 === 0) client.send({ type: 'client:request:snapshot', requestId: `s${n}` })
  }
  const { seq } =
    (await writer.next((frame) => frame.requestId === 'r29')).entry &&
    gateway.store.getBranch('dar').getModule('pos').head()
  await client.until(
    () =>
      client.frames.some(({ sequence }) => sequence === seq) &&
      client.frames.filter(({ type }) => type === 'server:snapshot').length === 6,
  )

  let position = 0
  for (const frame of client.frames) {
    if (frame.type === 'server:snapshot') position = Math.max(position, frame.modules.pos.version)
    if (frame.type !== 'server:event') continue
    expect(frame.sequence).toBe(position + 1)
    position = frame.sequence
  }
  expect(position).toBe(seq)
})

test('[S2] a subscription to tables gets those tables only', async () => {
  const gateway = await start()
  const client = await declared(gateway, { requestSnapshot: true, tables: ['menu_item', 'order_line'] })
  const parts = client.frames.filter(({ type }) => type === 'server:snapshot-part')
  const end = client.frames.find(({ type }) => type === 'server:snapshot')!

  expect([...new Set(parts.map(({ table }) => table))]).toEqual(['menu_items', 'order_line'])
  expect(end.modules.pos.tableNames).toEqual(['menu_items', 'order_line'])
})

test('[S6] a hello with a language gets its texts', async () => {
  const gateway = await start()
  const field = (name: string, more = {}) => ({ name, type: 'string', ...more })
  gateway.store.createModuleType({
    moduleId: 'catalog',
    schema: {
      tables: [
        { name: 'dish', fields: [field('id', { primaryKey: true }), field('title')] },
        {
          name: 'dish_lang',
          fields: [field('id', { primaryKey: true }), field('lang'), field('dish_id'), field('title')],
        },
      ],
    },
  })
  gateway.store.createBranch({ branchId: 'kiosk', modules: ['catalog'] })
  const writer = await declared(gateway, { branchId: 'kiosk' })
  const write = (table: string, record: object, id: string) =>
    writer.ask(insert(table, record, id, { moduleId: 'catalog' }))
  await write('dish', { id: 'd1', title: 'Soup' }, 'r1')
  await write('dish_lang', { id: 'x1', lang: 'ar', dish_id: 'd1', title: 'شوربة' }, 'r2')
  const titleIn = async (lang?: string): Promise<string> => {
    const client = await gateway.connect()
    const snapshot = await client.hello({ branchId: 'kiosk', ...(lang && { lang }) })
    return snapshot.modules.catalog.tables.dish[0].title
  }

  expect([await titleIn('ar'), await titleIn('fr'), await titleIn()]).toEqual(['شوربة', 'Soup', 'Soup'])
})
