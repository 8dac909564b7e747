import { afterEach, describe, expect, test } from 'vitest'
import {
  declared,
  type Frame,
  insert,
  line,
  merge,
  startTestGateway,
  story,
  type TestGateway,
  type TestGatewayOptions,
  undeclared,
} from './testing.ts'

let running: TestGateway | undefined

async function start(options?: TestGatewayOptions): Promise<TestGateway> {
  running = await startTestGateway(options)
  return running
}

afterEach(async () => {
  await running?.close()
  running = undefined
})

describe('writes', () => {
  test('[W7] [W8] [W9] ack, then event, in commit order with exact versions', async () => {
    const gateway = await start()
    const client = await undeclared(gateway)
    const listener = await declared(gateway)
    const { seq } = gateway.store.getBranch('dar').getModule('pos').head()
    const mark = client.frames.length
    for (let n = 1; n <= 5; n++) client.send(insert('orders', { id: `o${n}`, shiftId: 's1' }, `r${n}`))
    await client.next((frame) => frame.type === 'server:event' && frame.sequence === seq + 5)
    await listener.next((frame) => frame.sequence === seq + 5)

    const expected = [1, 2, 3, 4, 5].flatMap((n) => [`server:ack r${n}`, `server:event ${seq + n}`])
    expect(story(client, mark)).toEqual(expected)
    expect(client.frames.slice(mark).map(({ version }) => version - seq)).toEqual([1, 1, 2, 2, 3, 3, 4, 4, 5, 5])
    expect(client.frames[mark]).toMatchObject({
      table: 'order_header',
      meta: { clientMeta: { requestId: 'r1' }, source: 'ws-client' },
      entry: { record: { id: 'o1', version: 1 } },
      created: true,
    })
    expect(listener.frames.at(-1)).toEqual(client.frames.at(-1))
    expect(gateway.gateway.figures().channels.branch).toMatchObject({ broadcasts: 5, serialized: 5, frames: 10 })
  })

  test('[W13] includeRecord: false shortens the ack only', async () => {
    const gateway = await start()
    const client = await declared(gateway)
    const ack = await client.ask(insert('order_line', line('l1'), 'r1', { includeRecord: false }))
    const event = await client.next('server:event')

    expect(ack.entry.record).toBeUndefined()
    expect(event.entry.record).toMatchObject({ id: 'l1' })
    const removal = await client.ask(insert('order_line', { id: 'l1' }, 'r2', { action: 'module:delete' }))
    expect(removal).toMatchObject({ deleted: true, entry: { record: { id: 'l1' } } })
    expect(await client.next('server:event')).toMatchObject({ deleted: true, entry: { record: { id: 'l1' } } })
  })

  test('[W10] refusals are correlated; protocol 1 also gets the words it knows', async () => {
    const gateway = await start()
    const client = await gateway.connect()
    const ask = async (frame: Frame): Promise<string[]> => {
      const { error } = await client.ask(frame)
      const { level, message } = await client.next('server:log')
      return [error, level, message]
    }

    expect(await ask(insert('order_line', line('l1'), 'r0'))).toEqual([
      'hello-required',
      'error',
      'Client attempted publish before hello handshake',
    ])
    await client.hello()
    expect(await ask(insert('evil_table', { id: 'x' }, 'r1'))).toEqual([
      'table-not-found',
      'error',
      'Table "evil_table" not registered in module "pos"',
    ])
    expect(await ask(merge('dining_tables', { id: 'none' }, 'r2'))).toEqual([
      'record-not-found',
      'error',
      'Record not found in table "dining_tables".',
    ])
    expect(await ask(insert('order_line', {}, 'r3', { action: 'module:drop' }))).toEqual([
      'unsupported-event-action',
      'error',
      'Unsupported module action: module:drop',
    ])
    expect(await ask({ type: 'client:dance', requestId: 'r4' })).toEqual([
      'unsupported-message',
      'warn',
      'Unknown message type',
    ])
    client.send('{"type":')
    expect(await client.next('server:log')).toMatchObject({
      level: 'warn',
      message: 'Received invalid JSON payload',
      context: { preview: '{"type":' },
    })
    const snapshot = await client.hello()
    expect(snapshot.modules.pos.tables.evil_table).toBeUndefined()
  })

  test('[L1] a stale version is refused with the current record', async () => {
    const gateway = await start()
    const client = await declared(gateway)
    await client.ask(insert('order_line', line('l1'), 'r1'))
    await client.ask(merge('order_line', { id: 'l1', quantity: 2, version: 1 }, 'r2'))
    const refusal = await client.ask(merge('order_line', { id: 'l1', quantity: 3, version: 1 }, 'r3'))

    expect(refusal).toMatchObject({
      error: 'version-conflict',
      details: { table: 'order_line', key: 'l1', expectedVersion: 1, currentVersion: 2 },
    })
  })

  test('[L3] undeclared sockets use the field rule while legacy mode is on', async () => {
    const gateway = await start({ legacyClients: true })
    const client = await undeclared(gateway)
    const write = async (frame: Frame): Promise<Frame> => await client.ask(frame)

    await write(insert('order_line', line('l1', { version: 1 }), 'r1'))
    expect((await write(merge('order_line', { id: 'l1', quantity: 2, version: 1 }, 'r2'))).type).toBe('server:ack')
    expect((await write(merge('order_line', { id: 'l1', quantity: 3, version: 2 }, 'r3'))).error).toBe(
      'version-conflict',
    )
    expect((await write(merge('order_line', { id: 'l1', quantity: 3, version: 3 }, 'r4'))).type).toBe('server:ack')
  })

  test('[W11] a batch is atomic: one ack, its events as a group', async () => {
    const gateway = await start()
    const client = await declared(gateway)
    const batch = (requestId: string, records: Frame[]): Frame => ({
      type: 'client:publish',
      moduleId: 'pos',
      action: 'module:batch',
      requestId,
      operations: records.map((record) => ({ action: 'module:insert', table: 'order_line', record })),
    })
    const { seq } = gateway.store.getBranch('dar').getModule('pos').head()
    const refused = await client.ask(batch('r1', [line('l1'), line('l2', { quantity: 'many' })]))
    expect(refused).toMatchObject({ type: 'server:error', error: 'validation-failed' })

    const ack = await client.ask(batch('r2', [line('l1'), line('l2')]))
    const events = [await client.next('server:event'), await client.next('server:event')]
    expect(ack).toMatchObject({ action: 'module:batch', results: [{ sequence: seq + 1 }, { sequence: seq + 2 }] })
    expect(events.map(({ sequence, group }) => [sequence, group.index, group.size])).toEqual([
      [seq + 1, 0, 2],
      [seq + 2, 1, 2],
    ])
  })

  test('[W12] a publish without module goes to the only one; another branch is refused', async () => {
    const gateway = await start()
    const client = await declared(gateway)
    const ack = await client.ask(insert('order_line', line('l1'), 'r1', { moduleId: undefined }))
    const refused = await client.ask(insert('order_line', line('l2'), 'r2', { branchId: 'remal' }))
    const unknown = await client.ask(insert('order_line', line('l3'), 'r3', { moduleId: 'mostamal' }))

    expect([ack.moduleId, refused.error, unknown.error]).toEqual(['pos', 'forbidden', 'module-not-found'])
  })

  test('[I2] [I3] [I4] the same request gets the same ack; another body is new, or refused for protocol 2', async () => {
    const gateway = await start()
    const old = await undeclared(gateway)
    const mark = old.frames.length
    const first = insert('order_line', line('l1'), 'r1')
    old.send(first)
    old.send(first)
    await old.next('server:ack')
    await old.next('server:ack')
    await old.ask(first)
    const acks = old.frames.slice(mark).filter(({ type }) => type === 'server:ack')
    expect([acks.length, new Set(acks.map(({ eventId }) => eventId)).size]).toEqual([3, 1])
    expect((await old.ask(insert('order_line', line('l2'), 'r1'))).recordRef.id).toBe('l2')

    const declaredClient = await declared(gateway)
    await declaredClient.ask(insert('order_line', line('l3'), 'r1'))
    expect((await declaredClient.ask(insert('order_line', line('l4'), 'r1'))).error).toBe('idempotency-key-reused')
  })

  test('[I1] with a clientId a request is the same over sockets', async () => {
    const gateway = await start()
    const frame = insert('order_line', line('l1'), 'r1')
    const acks: Frame[] = []
    for (let socket = 0; socket < 2; socket++) {
      const client = await declared(gateway, { clientId: 'tablet-1' })
      acks.push(await client.ask(frame))
    }

    expect(acks[1]).toMatchObject({ replayed: true, sequence: acks[0]!.sequence, eventId: acks[0]!.eventId })
  })
})
