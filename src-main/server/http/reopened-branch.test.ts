import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { defaultsDir } from '../../config/paths.ts'
import { MODULE, startTestServer } from './testing.ts'

test('a request whose body arrives after its branch was opened anew is told to come again, and then served', async () => {
  const server = await startTestServer()
  onTestFinished(() => server.close())
  const order = { id: 'o1', shiftId: 's1', type: 'takeaway', lines: [{ itemId: 'i1', qty: 1, price: 10 }] }
  const text = JSON.stringify({ order })
  const headers = { 'Content-Type': 'application/json', 'Content-Length': text.length, Expect: '100-continue' }
  const path = `${MODULE}/orders`
  const slow = request({ port: server.port, host: '127.0.0.1', method: 'POST', path, headers })
  const reply = new Promise<[number | undefined, string]>((resolve, reject) => {
    slow.on('error', reject)
    slow.on('response', (incoming) => {
      let body = ''
      incoming.on('data', (chunk) => (body += chunk))
      incoming.on('end', () => resolve([incoming.statusCode, body]))
    })
  })
  await new Promise<void>((resolve) => slow.once('continue', () => resolve()))
  const schema = JSON.parse(readFileSync(join(defaultsDir, 'schemas/pos_schema.json'), 'utf8'))
  const saved = await server.ask({ method: 'POST', path: '/api/schemas/branch/dar/pos', body: { schema } })
  slow.end(text)

  expect(saved.status).toBe(200)
  const [status, body] = await reply
  expect([status, JSON.parse(body).error]).toEqual([503, 'restoring'])
  expect((await server.ask({ method: 'POST', path: 'orders', body: { order } })).status).toBe(201)
})
