import { afterEach, expect, test } from 'vitest'
import {
  declared,
  type Frame,
  insert,
  line,
  startTestGateway,
  type TestClient,
  type TestGateway,
  undeclared,
} from './testing.ts'

let running: TestGateway | undefined

async function start(): Promise<TestGateway> {
  running = await startTestGateway({ sync: { maxEventBytes: 200_000, maxDirectBytes: 200_000, heartbeatMs: 60_000 } })
  return running
}

afterEach(async () => {
  await running?.close()
  running = undefined
})

const note = 'ن'.repeat(20_000)

/** Publishes large records until `isEnough`; the writer reads nothing but its acks. */
async function flood(writer: TestClient, prefix: string, isEnough: () => boolean): Promise<number> {
  for (let n = 0; n < 2_000; n++) {
    await writer.ask(
      insert('order_line', line(`${prefix}${n}`, { notes: note }), `${prefix}${n}`, { includeRecord: false }),
    )
    if (isEnough()) return n + 1
  }
  throw new Error('the limit was never reached')
}

test('[B3] a slow protocol 2 socket is told once to resync, and is complete after its next hello', async () => {
  const gateway = await start()
  const slow = await declared(gateway)
  const writer = await declared(gateway, { tables: [] })
  const cursor = slow.frames.at(-1)!.cursor
  slow.webSocket.pause()
  const written = await flood(writer, 'a', () => gateway.gateway.figures().resyncs === 1)
  const more = 20
  let left = more
  await flood(writer, 'b', () => --left === 0)
  expect(gateway.gateway.figures().queuedBytes).toBeLessThan(400_000)
  slow.webSocket.resume()
  const directive = await slow.next('server:directive')
  const heard = slow.frames.filter(({ type }) => type === 'server:event').length
  const last = slow.frames.findLast(({ type }) => type === 'server:event')!
  const ready = await slow.hello({ protocol: 2, cursor: { pos: { epoch: 1, seq: last.sequence } } })
  await writer.ask(insert('order_line', line('after'), 'after'))
  await slow.next((frame) => frame.recordRef?.id === 'after')

  expect(directive).toMatchObject({ directive: 'resync', reason: 'slow-client', branchId: 'dar' })
  expect(heard).toBeLessThan(written + more)
  expect(ready).toMatchObject({ mode: 'events', cursor: { pos: { seq: cursor.pos.seq + written + more } } })
  const sequences = slow.frames.filter(({ type }) => type === 'server:event').map(({ sequence }) => sequence)
  expect(sequences).toEqual(Array.from({ length: written + more + 1 }, (_, index) => cursor.pos.seq + 1 + index))
  expect(slow.frames.filter(({ type }) => type === 'server:directive')).toHaveLength(1)
})

test('[B3] a slow protocol 1 socket is closed with 1013', async () => {
  const gateway = await start()
  const slow = await undeclared(gateway)
  const writer = await declared(gateway, { tables: [] })
  slow.webSocket.pause()
  await flood(writer, 'a', () => gateway.gateway.figures().slowCloses === 1)
  slow.webSocket.resume()

  expect(await slow.closed()).toBe(1013)
})

test('[B2] from a socket that does not read its answers nothing more is read; none is lost', async () => {
  const gateway = await start()
  const client = await declared(gateway)
  const total = 400
  client.webSocket.pause()
  for (let n = 0; n < total; n++) client.send({ type: 'ping', requestId: `p${n}`, ts: note })
  const other = await declared(gateway)
  await other.ask(insert('order_line', line('l1'), 'r1'))
  expect(gateway.gateway.figures().queuedBytes).toBeLessThan(1_000_000)
  client.webSocket.resume()
  await client.next((frame) => frame.requestId === `p${total - 1}`)

  const pongs = client.frames.filter(({ type }) => type === 'pong').map((frame: Frame) => frame.requestId)
  expect(pongs).toEqual(Array.from({ length: total }, (_, n) => `p${n}`))
})
