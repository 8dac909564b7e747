import { once } from 'node:events'
import { request } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import {
  declared,
  type Frame,
  insert,
  line,
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

describe('handshake', () => {
  test('[H1] [H3] hello at connect, then log and snapshot of every table', async () => {
    const gateway = await start()
    const client = await gateway.connect()
    client.send({ type: 'client:hello', branchId: 'dar', role: 'kds', lang: 'ar', requestId: 'h1' })
    const snapshot = await client.next('server:snapshot')

    expect(story(client).slice(0, 3)).toEqual(['server:hello', 'server:log', 'server:snapshot'])
    expect(client.frames[0]).toMatchObject({ serverId: gateway.store.serverId, protocols: [1, 2] })
    expect(client.frames[1]).toMatchObject({
      level: 'info',
      message: 'Client registered',
      context: { branchId: 'dar', role: 'kds', lang: 'ar' },
    })
    expect(snapshot.meta).toMatchObject({ reason: 'initial-sync', requestId: 'h1', branchId: 'dar' })
    expect(snapshot.meta.version).toBeUndefined()
    const { tables } = snapshot.modules.pos
    expect(tables.order_line).toEqual([])
    expect(tables.menu_items.length).toBeGreaterThan(0)
    expect(Object.keys(tables)).toEqual(
      gateway.store
        .getBranch('dar')
        .getModule('pos')
        .listTables()
        .map(({ name }) => name),
    )
  })

  test('[S2] protocol 2 gets parts, the closing snapshot with the cursor, and ready', async () => {
    const gateway = await start({ sync: { snapshotPartBytes: 2_000 } })
    const client = await gateway.connect()
    const ready = await client.hello({ protocol: 2 })
    const whole = await undeclared(gateway)
    const expected = whole.frames.find(({ type }) => type === 'server:snapshot')!.modules.pos

    const tables: Frame = {}
    for (const part of client.frames.filter(({ type }) => type === 'server:snapshot-part')) {
      if (part.isSingleton) tables[part.table] = part.records[0]
      else tables[part.table] = [...(tables[part.table] ?? []), ...part.records]
    }
    expect(tables).toEqual(expected.tables)
    expect(client.frames.at(-2)).toMatchObject({ type: 'server:snapshot', cursor: ready.cursor })
    expect(ready).toMatchObject({ requestId: 'hello', protocol: 2, mode: 'snapshot' })
    expect(client.frames.some(({ type }) => type === 'server:log')).toBe(false)
  })

  test.each([
    [{ branchId: 'nowhere' }, 'branch-not-found'],
    [{ branchId: '../dar' }, 'branch-not-found'],
    [{ branchId: undefined }, 'missing-branch-id'],
    [{ protocol: 3 }, 'protocol-unsupported'],
    [{ modules: ['gym'] }, 'module-not-found'],
    [{ tables: ['nothing'] }, 'table-not-found'],
  ])('[H2] a hello with %o is refused with %s and makes nothing', async (hello, code) => {
    const gateway = await start()
    const client = await gateway.connect()
    const branches = gateway.store.branchIds()
    const reply = await client.ask({ type: 'client:hello', branchId: 'dar', requestId: 'h', ...hello })

    expect(reply).toMatchObject({ type: 'server:error', error: code })
    expect(gateway.store.branchIds()).toEqual(branches)
    expect(gateway.gateway.figures()).toMatchObject({ sockets: 1, sessions: 0 })
  })

  test('[H7] a second hello leaves the rooms of the first', async () => {
    const gateway = await start()
    const client = await undeclared(gateway)
    const writer = await declared(gateway)
    await client.hello({ branchId: 'remal' })
    await writer.ask(insert('order_line', line('l1'), 'r1'))
    const remal = await declared(gateway, { branchId: 'remal' })
    await remal.ask(insert('order_line', line('l2'), 'r2'))
    const event = await client.next('server:event')

    expect(event).toMatchObject({ branchId: 'remal', recordRef: { id: 'l2' } })
  })

  test('[H6] [H8] without a snapshot, with history', async () => {
    const gateway = await start()
    const writer = await declared(gateway)
    for (const id of ['l1', 'l2', 'l3']) await writer.ask(insert('order_line', line(id), id))
    const client = await gateway.connect()
    client.send({
      type: 'client:hello',
      branchId: 'dar',
      requestId: 'h',
      requestSnapshot: false,
      requestHistory: true,
      historyLimit: 2,
    })
    const history = await client.next('server:history')

    expect(story(client)).toEqual(['server:hello', 'server:log', 'server:history h'])
    expect(history.events.map((event: Frame) => event.recordRef.id)).toEqual(['l2', 'l3'])
    expect((await client.ask({ type: 'client:request:history', requestId: 'q' })).events).toHaveLength(4)
  })

  test('[H9] other paths are 404, foreign origins 403', async () => {
    const gateway = await start()
    const upgrade = async (path: string, headers: Record<string, string> = {}): Promise<unknown> => {
      const call = request(gateway.url.replace('ws:', 'http:') + path, {
        headers: {
          Connection: 'Upgrade',
          Upgrade: 'websocket',
          'Sec-WebSocket-Version': '13',
          'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
          ...headers,
        },
      })
      call.end()
      const [response] = await Promise.race([once(call, 'response'), once(call, 'upgrade')])
      call.destroy()
      return response.statusCode
    }

    expect(await upgrade('/')).toBe(404)
    expect(await upgrade('/ws/more')).toBe(404)
    expect(await upgrade('/ws', { Origin: 'http://evil.example' })).toBe(403)
    expect(await upgrade('/ws', { Host: 'evil.example' })).toBe(403)
    expect(await upgrade('/ws?token=x')).toBe(101)
    expect(gateway.gateway.figures().refusedUpgrades).toBe(4)
  })
})

describe('answers', () => {
  test('[B2] ping, auth, snapshot on request', async () => {
    const gateway = await start()
    const client = await undeclared(gateway)
    client.send({ type: 'ping' })
    expect(await client.next('pong')).toEqual({ type: 'pong' })
    expect(await client.ask({ type: 'client:auth', token: 't', requestId: 'a1' })).toMatchObject({ status: 'accepted' })
    client.send({ type: 'client:request:snapshot', requestId: 's1', moduleId: 'pos' })
    expect((await client.next('server:snapshot')).meta).toMatchObject({ reason: 'explicit-request', requestId: 's1' })
  })

  test('[W10] queries list and get, references become id and name', async () => {
    const gateway = await start()
    const client = await undeclared(gateway)
    const menu = await client.ask({
      type: 'client:query',
      requestId: 'q1',
      table: 'menu_item',
      populate: false,
      limit: 1,
    })
    const [item] = menu.result
    await client.ask(insert('order_line', line('l1', { itemId: item.id }), 'r1'))
    const list = await client.ask({ type: 'client:query', requestId: 'q2', table: 'order_line', filter: { id: 'l1' } })
    const one = await client.ask({
      type: 'client:query',
      requestId: 'q3',
      table: 'order_line',
      queryType: 'get',
      id: 'l1',
      populate: false,
    })
    const none = await client.ask({
      type: 'client:query',
      requestId: 'q4',
      table: 'order_line',
      queryType: 'get',
      id: 'l9',
    })
    const wrong = await client.ask({ type: 'client:query', requestId: 'q5', table: 'nothing' })

    expect(list.result).toMatchObject([{ id: 'l1', itemId: { id: item.id } }])
    expect([one.result.itemId, none.result]).toEqual([item.id, null])
    expect(wrong).toMatchObject({ type: 'server:query:error', code: 'table-not-found' })
  })
})

describe('limits', () => {
  test('[B6] oversize is 1009, bad UTF-8 is 1007, in text and binary; good binary is text', async () => {
    const gateway = await start({ sync: { maxFrameBytes: 1_000 } })
    const [large, binary, good] = [await gateway.connect(), await gateway.connect(), await gateway.connect()]
    large.send(JSON.stringify({ type: 'ping', ts: 'x'.repeat(1_000) }))
    binary.webSocket.send(Buffer.from([0x7b, 0xff, 0xfe]))
    good.webSocket.send(Buffer.from('{"type":"ping","ts":"مرحبا"}'))
    const text = new WebSocket(`${gateway.url}/ws`)
    await once(text, 'open')
    text.send(Buffer.from([0x22, 0xc3, 0x28, 0x22]), { binary: false })
    const [textCode] = await once(text, 'close')

    expect([await large.closed(), await binary.closed(), textCode]).toEqual([1009, 1007, 1007])
    expect(await good.next('pong')).toEqual({ type: 'pong', ts: 'مرحبا' })
  })

  test('[B7] too many frames are answered, then closed, after accepted writes were acknowledged', async () => {
    const gateway = await start({ rateLimit: true, sync: { rateLimit: { burst: 20, perSecond: 0.001 } } })
    const client = await declared(gateway, { tables: [] })
    for (let n = 0; n < 19; n++) client.send(insert('order_line', line(`l${n}`), `r${n}`))
    for (let n = 0; n < 600; n++) client.send({ type: 'ping', requestId: `p${n}` })

    expect(await client.closed()).toBe(1008)
    const count = (type: string) => client.frames.filter((frame) => frame.type === type).length
    expect([count('server:ack'), count('pong')]).toEqual([19, 0])
    expect(client.frames.find(({ type }) => type === 'server:error')).toMatchObject({
      error: 'rate-limited',
      requestId: 'p0',
    })
  })

  test('[B8] sockets beyond the limit are refused', async () => {
    const gateway = await start({ sync: { maxSockets: 2 } })
    await gateway.connect()
    await gateway.connect()

    await expect(gateway.connect()).rejects.toThrow('429')
  })

  test('[B5] a socket that answers no ping is cut', async () => {
    const gateway = await start({ sync: { heartbeatMs: 20 } })
    const alive = await gateway.connect()
    const dead = new WebSocket(`${gateway.url}/ws`, { autoPong: false })
    await once(dead, 'open')
    const [code] = await once(dead, 'close')

    expect([code, alive.closeCode, gateway.gateway.figures().deadSockets]).toEqual([1006, undefined, 1])
  })

  test('[B9] a stopping server says when to come back, answers accepted writes and closes with 1012', async () => {
    const gateway = await start()
    const clients = [await undeclared(gateway), await declared(gateway)]
    for (const client of clients) {
      for (let n = 0; n < 50; n++) client.send({ type: 'ping' })
      await client.next('pong')
      client.send(insert('order_line', line(`l${client === clients[0]}`), 'last'))
    }
    await clients[1]!.next((frame) => frame.requestId === 'last')
    await gateway.gateway.close()

    expect(await Promise.all(clients.map((client) => client.closed()))).toEqual([1012, 1012])
    for (const client of clients) {
      expect(client.frames.at(-1)).toMatchObject({ directive: 'reconnect', retryAfterMs: expect.any(Number) })
    }
    await expect(gateway.connect()).rejects.toThrow()
  })
})
