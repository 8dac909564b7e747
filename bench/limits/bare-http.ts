import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serveHelper } from '../lib/helper-process.ts'
import { TwoRows } from './two-rows.ts'

interface Waiting {
  key: string
  doc: string
  response: ServerResponse
}

let rows: TwoRows | undefined
let waiting: Waiting[] = []
let bytes: Buffer = Buffer.alloc(0)

/** node:http without anything: POST commits two rows in groups and answers with the record, GET sends bytes from memory. */
function handle(request: IncomingMessage, response: ServerResponse): void {
  if (request.method === 'GET') {
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': bytes.length })
    response.end(bytes)
    return
  }
  let text = ''
  request.setEncoding('utf8')
  request.on('data', (chunk: string) => {
    text += chunk
  })
  request.on('end', () => {
    const record = JSON.parse(text) as { id: string }
    if (waiting.length === 0) setImmediate(commit)
    waiting.push({ key: record.id, doc: JSON.stringify(record), response })
  })
}

function commit(): void {
  const group = waiting
  waiting = []
  rows!.writeRecords(group)
  for (const { doc, response } of group) {
    response.writeHead(201, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(doc) })
    response.end(doc)
  }
}

const methods = {
  async listen({ database }: { database?: string }): Promise<number> {
    if (database !== undefined) rows = new TwoRows(database)
    const server = createServer(handle)
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    return (server.address() as AddressInfo).port
  },
  /** What GET sends from now on. */
  serve({ base64 }: { base64: string }): void {
    bytes = Buffer.from(base64, 'base64')
  },
}
export type BareHttp = typeof methods

serveHelper(methods)
