import { afterEach, describe, expect, test } from 'vitest'
import {
  declared,
  type Frame,
  insert,
  line,
  startTestGateway,
  story,
  type TestGateway,
  type TestGatewayOptions,
} from './testing.ts'

const notesSchema = {
  name: 'notes',
  schema: { tables: [{ name: 'note', fields: [{ name: 'id', type: 'string', primaryKey: true }] }] },
}

let running: TestGateway | undefined

async function start(options?: TestGatewayOptions): Promise<TestGateway> {
  running = await startTestGateway(options)
  return running
}

afterEach(async () => {
  await running?.close()
  running = undefined
})

describe('catch-up', () => {
  async function withHistory(count: number, options?: TestGatewayOptions) {
    const gateway = await start(options)
    const writer = await declared(gateway, { tables: [] })
    const cursor = gateway.store.getBranch('dar').getModule('pos').head()
    const position = { pos: { epoch: cursor.epoch, seq: cursor.seq } }
    for (let n = 1; n < count; n++) writer.send(insert('order_line', line(`l${n}`), `r${n}`))
    await writer.ask(insert('dining_tables', { id: 't1', name: 'T1' }, `r${count}`))
    return { gateway, writer, position, seq: cursor.seq }
  }

  test('[D8] [H4] few missed events come as they were, and once; a current cursor needs nothing', async () => {
    const { gateway, position, seq } = await withHistory(20)
    const first = await declared(gateway, { cursor: position })
    const second = await declared(gateway, { cursor: first.frames.at(-1)!.cursor })

    expect(first.frames.slice(1, -1).map(({ type, sequence }) => `${type} ${sequence - seq}`)).toEqual(
      Array.from({ length: 20 }, (_, index) => `server:event ${index + 1}`),
    )
    expect(first.frames.at(-1)).toMatchObject({ mode: 'events', cursor: { pos: { seq: seq + 20 } } })
    expect(story(second)).toEqual(['server:hello', 'server:ready hello'])
    expect(second.frames.at(-1)!.mode).toBe('none')
  })

  test('[P4] sockets that return together are sent the same serialized events', async () => {
    const { gateway, position } = await withHistory(20)
    const before = gateway.gateway.figures().channels.branch.serialized
    for (let n = 0; n < 10; n++) await declared(gateway, { cursor: position })

    expect(gateway.gateway.figures().channels.branch.serialized - before).toBe(20)
  })

  test('[D7] [D8] more come as deltas, page by page, without a gap to what is heard next', async () => {
    const { gateway, writer, position, seq } = await withHistory(60, {
      sync: { maxCatchUpEvents: 5, maxDeltaRecords: 10 },
    })
    const client = await gateway.connect()
    client.send({ type: 'client:hello', protocol: 2, branchId: 'dar', cursor: position, requestId: 'hello' })
    for (let n = 100; n < 120; n++) writer.send(insert('order_line', line(`l${n}`), `r${n}`))
    await client.next(
      (frame) => frame.sequence === seq + 80 || (frame.type === 'server:delta' && frame.to === seq + 80),
    )

    const covered = client.frames.flatMap((frame) =>
      frame.type === 'server:delta'
        ? Array.from({ length: frame.to - frame.from }, (_, index) => frame.from + 1 + index - seq)
        : frame.type === 'server:event'
          ? [frame.sequence - seq]
          : [],
    )
    expect(covered).toEqual(Array.from({ length: 80 }, (_, index) => index + 1))
    expect(client.frames.find(({ type }) => type === 'server:delta')!.tables.order_line).toHaveLength(10)
  })

  test('[D8] [H5] a last page that ends at the head needs nothing more, in a room that nobody is in', async () => {
    const { gateway, position, seq } = await withHistory(12, { sync: { maxCatchUpEvents: 5, maxDeltaRecords: 20 } })
    const client = await gateway.connect()
    client.send({ type: 'client:hello', protocol: 2, branchId: 'dar', cursor: position, requestId: 'hello' })
    const answer = await client.next((frame) => frame.requestId === 'hello')

    expect(answer).toMatchObject({ type: 'server:ready', mode: 'events', cursor: { pos: { seq: seq + 12 } } })
    expect(story(client)).toEqual(['server:hello', 'server:delta', 'server:ready hello'])
  })

  test('[P2] [D8] a module that stood at its head hears what was written while another one was caught up', async () => {
    const { gateway, position } = await withHistory(60, { sync: { maxCatchUpEvents: 5, maxDeltaRecords: 5 } })
    const { store } = gateway
    store.createModuleType({ moduleId: 'notes', schema: notesSchema })
    store.attachModule('dar', 'notes')
    const notes = store.getBranch('dar').getModule('notes')
    const { epoch, seq } = notes.head()
    const client = await gateway.connect()
    const cursor = { ...position, notes: { epoch, seq } }
    client.send({ type: 'client:hello', protocol: 2, branchId: 'dar', cursor, requestId: 'hello' })
    await client.next('server:delta')
    await notes.writeAsync({
      operations: [{ action: 'insert', table: 'note', record: { id: 'n1' } }],
      caller: { protocol: 2, isLegacy: false },
      source: 'test',
    })
    const ready = await client.next('server:ready')

    expect(ready).toMatchObject({ cursor: { notes: { seq: seq + 1 } }, modes: { notes: 'events' } })
    expect(client.frames.filter((frame) => frame.recordRef?.id === 'n1')).toHaveLength(1)
  })

  test('[D1] [D2] [D3] a cursor that cannot be continued gets a snapshot and the reason', async () => {
    const { gateway } = await withHistory(3)
    const reasonFor = async (cursor: unknown, requestSnapshot = true): Promise<unknown[]> => {
      const client = await gateway.connect()
      const ready = await client.hello({ protocol: 2, cursor, requestSnapshot })
      return [ready.mode, ready.fullSync?.pos]
    }

    expect(await reasonFor({ pos: 'what' })).toEqual(['snapshot', undefined])
    expect(await reasonFor({ pos: { epoch: 9, seq: 1 } })).toEqual(['snapshot', 'epoch-changed'])
    expect(await reasonFor({ pos: { epoch: 1, seq: 999_999 } })).toEqual(['snapshot', 'cursor-ahead'])
    expect(await reasonFor({ pos: { epoch: 1, seq: 0 } }, false)).toEqual(['none', 'snapshot-floor'])
  })

  test('[P5] a socket hears and catches up the tables it asked for, and groups whole', async () => {
    const { gateway, writer, position, seq } = await withHistory(10)
    const client = await declared(gateway, { cursor: position, tables: ['dining_table'] })
    expect(client.frames.filter(({ type }) => type === 'server:event').map(({ sequence }) => sequence - seq)).toEqual([
      10,
    ])

    const operation = (table: string, record: Frame): Frame => ({ action: 'module:insert', table, record })
    await writer.ask(insert('order_line', line('x1'), 'x1'))
    await writer.ask({
      type: 'client:publish',
      action: 'module:batch',
      moduleId: 'pos',
      requestId: 'x2',
      operations: [operation('order_line', line('x2')), operation('dining_tables', { id: 't2', name: 'T2' })],
    })
    await writer.ask(insert('dining_tables', { id: 't3', name: 'T3' }, 'x3'))
    await client.next((frame) => frame.recordRef?.id === 't3')

    expect(client.frames.filter(({ type }) => type === 'server:event').map(({ sequence }) => sequence - seq)).toEqual([
      10, 12, 13, 14,
    ])
    expect(writer.frames.some(({ type }) => type === 'server:event')).toBe(false)
  })
})
