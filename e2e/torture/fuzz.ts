import { Random } from '../../scripts/seed-history/random.ts'
import { BranchClient } from '../support/branch-client.ts'
import { sendRaw } from '../support/raw-request.ts'
import { startTestServer } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'
import { verifyFolder } from './verify-folder.ts'

export interface FuzzReport {
  frames: number
  requests: number
  problems: string[]
}

const MODULE = '/api/branches/dar/modules/pos'

const FRAMES: readonly object[] = [
  { type: 'client:hello', branchId: 'dar', protocol: 2, requestSnapshot: false, modules: ['pos'] },
  {
    type: 'client:publish',
    requestId: 'r1',
    action: 'module:insert',
    table: 'order_line',
    record: { orderId: 'o', quantity: 2 },
  },
  {
    type: 'client:publish',
    requestId: 'r2',
    action: 'module:merge',
    table: 'order_header',
    record: { id: 'o', version: 1 },
  },
  {
    type: 'client:publish',
    requestId: 'r3',
    action: 'module:batch',
    operations: [{ action: 'module:delete', table: 'order_line', record: { id: 'x' } }],
  },
  {
    type: 'client:query',
    requestId: 'r4',
    table: 'menu_items',
    queryType: 'list',
    filter: { categoryId: { $gt: 3 } },
    limit: 5,
  },
  { type: 'client:request:history', requestId: 'r5', limit: 3 },
  { type: 'subscribe', topic: 'sync::dar::pos' },
  { type: 'publish', topic: 'sync::dar::pos', data: { action: 'insert', table: 'order_line', record: {} } },
  { type: 'ping', ts: 1 },
]

const REQUESTS: readonly { method: string; path: string; body?: object }[] = [
  { method: 'GET', path: `${MODULE}/tables/menu_items?limit=5&order=desc&afterId=x` },
  {
    method: 'POST',
    path: `${MODULE}/tables/order_line`,
    body: { record: { orderId: 'o', quantity: 1, unitPrice: 2.5 } },
  },
  { method: 'PATCH', path: `${MODULE}/tables/customer_profiles`, body: { record: { id: 'c', name: 'n', version: 1 } } },
  { method: 'DELETE', path: `${MODULE}/tables/customer_profiles?id=nobody` },
  { method: 'POST', path: `${MODULE}/save`, body: { table: 'customer_profiles', record: { id: 'c', name: 'n' } } },
  { method: 'POST', path: `${MODULE}/events/batch`, body: { lastAckId: null, events: [] } },
  { method: 'POST', path: `${MODULE}/sequences`, body: { table: 'order_header', field: 'orderNumber' } },
  { method: 'POST', path: '/api/sync/dar/pos/delta', body: { cursor: { epoch: 1, seq: 0 }, tables: ['menu_items'] } },
  { method: 'GET', path: `${MODULE}/events?after=0&limit=5` },
  { method: 'GET', path: '/api/branches' },
]

const ODD_VALUES: readonly unknown[] = [
  null, true, -1, 1e308, 2 ** 53, 0.1, '', 'x'.repeat(5_000), '\u0000', '\ud800', '../../etc/passwd', "'; DROP TABLE x;--",
  [], {}, [[[[[]]]]], { __proto__: 1 }, { constructor: { prototype: 1 } }, 'NaN', '٣', 'order_header', 'pos//events',
] // biome-ignore format: a list of values

/** T16: mutated frames and requests. No answer of the 500s, no crash, and another client never notices. */
export async function runFuzz(options: { frames: number; requests: number; seed: number }): Promise<FuzzReport> {
  const random = new Random(options.seed)
  const server = await startTestServer({ args: ['--log-level', 'error'] })
  const problems: string[] = []
  const folder = server.dataDir
  try {
    const client = new BranchClient(() => server.url)
    const witness = await TestSocket.enter(server.wsUrl, { branchId: 'dar', protocol: 2, requestSnapshot: false })
    await sendFrames(server.wsUrl, options.frames, random, problems)
    await sendRequests(server.url, options.requests, random, problems)
    const { status } = await client.insert('customer_profiles', { id: 'cust-witness', name: 'Witness' })
    if (status !== 201) problems.push(`after the fuzz an insert gets ${status}`)
    await witness.next((frame) => JSON.stringify(frame).includes('cust-witness'))
    if (!server.isRunning()) problems.push('the server ended')
    await witness.close()
    await server.kill()
    problems.push(...(await verifyFolder(folder)).filter((problem) => !problem.includes('mirror')))
  } catch (error) {
    problems.push(`${error instanceof Error ? error.message : String(error)}\n${server.output().slice(-2_000)}`)
  } finally {
    await server.stop()
  }
  return { frames: options.frames, requests: options.requests, problems: problems.slice(0, 20) }
}

async function sendFrames(wsUrl: string, count: number, random: Random, problems: string[]): Promise<void> {
  let socket = await TestSocket.open(wsUrl)
  for (let index = 0; index < count; index++) {
    if (!socket.isOpen()) socket = await TestSocket.open(wsUrl)
    socket.send(mutateText(JSON.stringify(mutate(random.pick(FRAMES), random)), random))
    // A socket that was closed for what it sent answers no ping.
    if (index % 100 === 99 && socket.isOpen()) await socket.settle().catch(() => undefined)
    for (const frame of socket.frames.splice(0)) {
      const isInternal = frame.type === 'server:error' && frame.error === 'internal'
      if (isInternal) problems.push(`frame ${index}: ${JSON.stringify(frame)}`)
    }
  }
  await socket.close()
}

async function sendRequests(url: string, count: number, random: Random, problems: string[]): Promise<void> {
  for (let index = 0; index < count; index++) {
    const { method, path, body } = random.pick(REQUESTS)
    const text = body && mutateText(JSON.stringify(mutate(body, random)), random)
    const target = random.chance(0.5) ? path : mutatePath(path, random)
    const headers = { 'content-type': 'application/json' }
    const call = { method, path: target, ...(text && { headers, chunks: [Buffer.from(text)] }) }
    const { status, text: answer } = await sendRaw(url, call)
    if (status >= 500) problems.push(`${method} ${target} ${text ?? ''} -> ${status} ${answer.slice(0, 300)}`)
  }
}

/** Sometimes as it is, sometimes with a field replaced, removed or doubled, at any depth. */
function mutate(value: object, random: Random): object {
  const copy = structuredClone(value) as Record<string, unknown>
  for (let change = random.integer(0, 2); change > 0; change--) {
    let target: Record<string, unknown> = copy
    for (let depth = random.integer(0, 2); depth > 0; depth--) {
      const inner = Object.values(target).filter((one) => typeof one === 'object' && one !== null)
      if (inner.length > 0) target = random.pick(inner) as Record<string, unknown>
    }
    const keys = Object.keys(target)
    if (keys.length === 0) continue
    const key = random.pick(keys)
    if (random.chance(0.2)) delete target[key]
    // A copy: the next change may reach into it.
    else target[random.chance(0.2) ? `${key}2` : key] = structuredClone(random.pick(ODD_VALUES))
  }
  return copy
}

/** Mostly left alone; else cut, with a byte changed, or with brackets in front. */
function mutateText(text: string, random: Random): string {
  if (random.chance(0.75)) return text
  const place = random.integer(0, text.length)
  if (random.chance(0.3)) return text.slice(0, place)
  if (random.chance(0.1)) return '['.repeat(2_000) + text
  return text.slice(0, place) + String.fromCharCode(random.integer(0, 255)) + text.slice(place + 1)
}

/** Printable characters only: others are refused by the client's own HTTP library. */
function mutatePath(path: string, random: Random): string {
  const place = random.integer(1, path.length)
  const piece = random.pick(['%00', '%2e%2e', '%', '//', '?', '&', '=', '%ff', 'a', '..', "'", '%D9%A3'])
  return path.slice(0, place) + piece + path.slice(place + random.integer(0, 2))
}
