import { WebSocket } from 'ws'
import type { TestServer } from '../../e2e/support/server.ts'
import { milliseconds, type Row } from '../lib/row.ts'
import { median } from '../lib/stats.ts'

/** A protocol 2 client that has nothing says hello: until `server:ready`, and what was sent. */
export async function measureHello(server: TestServer, records: number): Promise<Row> {
  const first = await hello(server.wsUrl)
  const later: { ms: number; bytes: number }[] = []
  for (let index = 0; index < 5; index++) later.push(await hello(server.wsUrl))
  return {
    name: 'hello',
    work: `hello of a protocol 2 client with nothing, ${records.toLocaleString('en')} records stored`,
    ours: `first ${milliseconds(first.ms)}, then ${milliseconds(median(later.map(({ ms }) => ms)))}; ${(first.bytes / 2 ** 20).toFixed(1)} MiB`,
    limit: 'nothing to compare with',
    ratio: Number.NaN,
    settings: 'until server:ready; the first builds the snapshot of its window, the others share it',
  }
}

function hello(wsUrl: string): Promise<{ ms: number; bytes: number }> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(wsUrl, { perMessageDeflate: false })
    let bytes = 0
    let startedAt = 0
    socket.on('error', reject)
    socket.on('open', () => {
      startedAt = performance.now()
      socket.send(JSON.stringify({ type: 'client:hello', protocol: 2, branchId: 'dar', requestSnapshot: true }))
    })
    socket.on('message', (data: Buffer) => {
      bytes += data.length
      if (data.length > 10_000 || !data.includes('"server:ready"')) return
      resolve({ ms: performance.now() - startedAt, bytes })
      socket.terminate()
    })
  })
}
