import { afterEach, expect, test, vi } from 'vitest'
import { AppError } from '../../../src-shared/errors.ts'
import { declared, type Frame, insert, line, startTestGateway, type TestClient, type TestGateway } from './testing.ts'

let running: TestGateway | undefined

async function start(): Promise<TestGateway> {
  running = await startTestGateway()
  return running
}

afterEach(async () => {
  await running?.close()
  running = undefined
})

const about = (topic: string) => (frame: Frame) => frame.topic === topic && frame.type !== 'ack'

async function subscribe(client: TestClient, topic: string): Promise<void> {
  client.send({ type: 'subscribe', topic })
  await client.next((frame) => frame.type === 'ack' && frame.topic === topic)
}

test('[T1] auth is acknowledged, wrong frames get the error of the dialect', async () => {
  const gateway = await start()
  const client = await gateway.connect()
  client.send({ type: 'auth', data: { token: 'x' } })
  expect(await client.next('ack')).toEqual({ type: 'ack', event: 'auth' })
  client.send({ type: 'subscribe' })
  expect(await client.next('error')).toEqual({
    type: 'error',
    code: 'invalid-topic',
    message: 'Subscription topic required.',
  })
  client.send({ type: 'subscribe', topic: 'sync::nowhere::pos' })
  expect(await client.next('error')).toMatchObject({ code: 'branch-not-found', topic: 'sync::nowhere::pos' })
})

test('[T2] a socket uses the topics of one branch', async () => {
  const gateway = await start()
  const client = await gateway.connect()
  client.send({ type: 'subscribe', topic: 'table::order_line' })
  expect(await client.next('error')).toMatchObject({ code: 'invalid-topic' })
  await subscribe(client, 'sync-table::dar::order_line')
  await subscribe(client, 'table::order_line')
  client.send({ type: 'subscribe', topic: 'remal:pos:payments' })
  expect(await client.next('error')).toMatchObject({ code: 'forbidden' })

  const other = await declared(gateway, { branchId: 'remal' })
  const own = await declared(gateway)
  await other.ask(insert('order_line', line('foreign'), 'r1'))
  await own.ask(insert('order_line', line('own'), 'r2'))
  const { data } = await client.next(about('table::order_line'))
  expect(data.snapshot).toMatchObject({ type: 'table:update', branchId: 'dar', recordRef: { id: 'own' } })
})

test('[T3] retained data first, then what changed; a publisher that did not subscribe hears nothing', async () => {
  const gateway = await start()
  const [writer, early] = [await declared(gateway), await declared(gateway)]
  const topic = 'branch-main:kds:handoff:updates'
  await subscribe(early, topic)
  writer.send({ type: 'publish', topic, data: { order: 1, state: 'ready' } })
  writer.send({ type: 'publish', topic, data: { order: 1, state: 'ready' } })
  writer.send({ type: 'publish', topic, data: { order: 2 } })
  const heard = [await early.next(about(topic)), await early.next(about(topic))]
  const late = await declared(gateway)
  await subscribe(late, topic)
  const foreign = await declared(gateway, { branchId: 'remal' })
  await subscribe(foreign, topic)

  expect(heard.map(({ data }) => data)).toEqual([
    { mode: 'snapshot', snapshot: { order: 1, state: 'ready' } },
    { mode: 'delta', set: { order: 2 }, remove: ['state'] },
  ])
  expect((await late.next(about(topic))).data).toEqual({ mode: 'snapshot', snapshot: { order: 2 } })
  expect(foreign.frames.at(-1)).toMatchObject({ type: 'ack' })
  expect(writer.frames.some(about(topic))).toBe(false)
})

test('[T4] a sync topic gives the module, then each change, and the module again a little later', async () => {
  const gateway = await start()
  const [writer, client] = [await declared(gateway), await gateway.connect()]
  await subscribe(client, 'pos:sync:dar')
  const first = await client.next(about('pos:sync:dar'))
  await writer.ask(insert('order_line', line('l1'), 'r1'))
  const change = await client.next(about('pos:sync:dar'))
  const refreshed = await client.next((frame) => frame.data?.set?.snapshot !== undefined)

  expect(first.data).toMatchObject({
    mode: 'snapshot',
    snapshot: { branchId: 'dar', snapshot: { tables: { order_line: [] } } },
  })
  expect(change.data).toMatchObject({ mode: 'delta', set: { action: 'module:insert', table: 'order_line' } })
  expect(change.data.set.snapshot).toBeUndefined()
  expect(refreshed.data.set.snapshot.tables.order_line).toMatchObject([{ id: 'l1' }])
})

test('[T2] [T3] a hello to another branch leaves the topics of the first', async () => {
  const gateway = await start()
  const [writer, client] = [await declared(gateway), await declared(gateway)]
  await subscribe(client, 'dar:news')
  await client.hello({ protocol: 2, branchId: 'remal', requestSnapshot: false })
  writer.send({ type: 'publish', topic: 'dar:news', data: { n: 1 } })
  await writer.ask({ type: 'ping', requestId: 'published' })
  await client.ask({ type: 'ping', requestId: 'heard' })

  expect(client.frames.some(about('dar:news'))).toBe(false)
})

test('[T4] an early subscriber keeps up although a later one was given a newer module', async () => {
  const gateway = await start()
  const topic = 'sync::dar::pos'
  const [writer, early, late] = [await declared(gateway), await gateway.connect(), await gateway.connect()]
  await subscribe(early, topic)
  await writer.ask(insert('order_line', line('l1'), 'r1'))
  await subscribe(late, topic)
  await late.next(about(topic))
  await writer.ask(insert('order_line', line('l2'), 'r2'))
  const state = (client: TestClient): Frame => {
    let value: Frame = {}
    for (const { data } of client.frames.filter(about(topic))) {
      value = data.mode === 'snapshot' ? data.snapshot : { ...value, ...data.set }
    }
    return value
  }
  await late.until(() => state(late).snapshot?.tables.order_line.length === 2)
  await early.until(() => state(early).snapshot?.tables.order_line.length === 2)

  expect(state(early)).toEqual(state(late))
})

test('[T5] a publish on a sync topic needs a transaction id, and is carried out once', async () => {
  const gateway = await start()
  const client = await gateway.connect()
  const topic = 'sync::dar::pos'
  const publish = (data: Frame): void => client.send({ type: 'publish', topic, data })
  publish({ action: 'note' })
  expect(await client.next('error')).toMatchObject({ code: 'missing-trans-id', topic })
  await subscribe(client, topic)
  await client.next(about(topic))
  const { seq } = gateway.store.getBranch('dar').getModule('pos').head()
  const data = { trans_id: 't1', snapshot: { tables: { order_line: [line('l1')] } } }
  publish(data)
  const change = await client.next((frame) => frame.data?.set?.snapshot !== undefined)
  expect(change.data.set.snapshot.tables.order_line).toMatchObject([{ id: 'l1' }])
  publish(data)
  const repeated = await client.next((frame) => frame.data?.meta?.duplicateTrans === true)

  expect(repeated.data).toMatchObject({ version: seq + 1, meta: { transId: 't1' } })
  expect(gateway.store.getBranch('dar').getModule('pos').head().seq).toBe(seq + 1)
})

test('[T6] changes are told under the aliases of a table, and on the topics of kitchen and payments', async () => {
  const gateway = await start()
  const client = await declared(gateway)
  const topics = ['sync-table::dar::pos::orders', 'sync-table::dar::order_header', 'dar:pos:kds:orders']
  for (const topic of topics) await subscribe(client, topic)
  await client.ask(insert('order_header', { id: 'o1', shiftId: 's1' }, 'r1'))
  await client.until(() => topics.every((topic) => client.frames.some(about(topic))))
  for (const topic of topics) {
    expect(client.frames.find(about(topic))!.data.snapshot).toMatchObject({
      table: 'order_header',
      action: 'module:insert',
    })
  }

  client.send({ type: 'publish', topic: topics[0], data: {} })
  expect(await client.next('error')).toMatchObject({ code: 'forbidden' })
  client.terminate()
  // What is retained for the next subscriber stays.
  await vi.waitFor(() => expect(gateway.gateway.figures()).toMatchObject({ sockets: 0, topics: 1 }))
})

test('[T4] a refresh that falls due while the branch is away waits for it', async () => {
  const gateway = await start()
  const { store } = gateway
  const client = await declared(gateway)
  await subscribe(client, 'sync::dar::pos')
  await client.ask(insert('order_line', line('before'), 'r1'))
  const getBranch = store.getBranch.bind(store)
  const away = vi.spyOn(store, 'getBranch').mockImplementation(() => {
    throw new AppError('restoring', 'A backup is being restored; try again in a moment.')
  })
  await vi.waitFor(() => expect(away).toHaveBeenCalled(), 3_000)
  away.mockImplementation(getBranch)

  const refreshed = await client.next((frame) => frame.data?.set?.snapshot !== undefined)
  expect(refreshed.data.set.snapshot.tables.order_line).toHaveLength(1)
})

test('[T5] a transaction that is sent twice at once is carried out once and answered twice', async () => {
  const gateway = await start()
  const client = await declared(gateway)
  const topic = 'sync::dar::pos'
  const order = { shiftId: 'shift-1', type: 'takeaway', lines: [{ itemId: 'item-1', qty: 1, price: 10 }] }
  const data = { trans_id: 'tx-1', order }
  client.send({ type: 'publish', topic, data })
  client.send({ type: 'publish', topic, data })
  const repeated = await client.next((frame) => frame.data?.meta?.duplicateTrans === true)

  expect(repeated.data.meta).toMatchObject({ transId: 'tx-1' })
  expect(gateway.store.getBranch('dar').getModule('pos').count('order_header')).toBe(1)
})
