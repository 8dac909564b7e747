import { connect, type Socket } from 'node:net'
import { serveHelper } from '../lib/helper-process.ts'
import { orderLine } from '../lib/records.ts'

export interface HttpRun {
  port: number
  clients: number
  seconds: number
  method: 'GET' | 'POST'
  path: string
  /** A query that was never asked before, in each request. */
  isUnique?: boolean
}

export interface HttpRates {
  perSecond: number
  p50Ms: number
  p95Ms: number
}

const HEAD_END = Buffer.from('\r\n\r\n')
const LAST_CHUNK = '\r\n0\r\n\r\n'
let made = 0

/** A keep-alive client on a plain socket: one request under way, the next as soon as the answer is whole. */
class Client {
  readonly #socket: Socket
  readonly #makeRequest: () => string
  readonly #latencies: number[]
  #missing = 0
  #isInBody = false
  #isChunked = false
  #tail = ''
  #head: Buffer | undefined
  #sentAt = 0
  isRunning = true
  answered = 0
  readonly ended: Promise<void>

  constructor({ port }: HttpRun, latencies: number[], makeRequest: () => string) {
    this.#latencies = latencies
    this.#makeRequest = makeRequest
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.on('data', (chunk) => this.#receive(chunk))
    this.ended = new Promise((resolve, reject) => {
      this.#socket.on('close', () => resolve())
      this.#socket.on('error', reject)
    })
    this.#socket.once('connect', () => this.#send())
  }

  #send(): void {
    this.#sentAt = performance.now()
    this.#socket.write(this.#makeRequest())
  }

  #receive(chunk: Buffer): void {
    if (this.#isInBody) this.#takeBody(chunk)
    else {
      const bytes = this.#head ? Buffer.concat([this.#head, chunk]) : chunk
      const end = bytes.indexOf(HEAD_END)
      if (end < 0) {
        this.#head = bytes
        return
      }
      this.#head = undefined
      this.#isInBody = true
      this.#readHead(bytes.toString('latin1', 0, end))
      this.#takeBody(bytes.subarray(end + HEAD_END.length))
    }
    if (this.#missing > 0) return
    this.#isInBody = false
    this.answered++
    this.#latencies.push(performance.now() - this.#sentAt)
    if (this.isRunning) this.#send()
    else this.#socket.end()
  }

  #readHead(head: string): void {
    if (head.charCodeAt(9) !== 50) throw new Error(head)
    const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
    this.#isChunked = length === undefined
    this.#missing = length === undefined ? Number.POSITIVE_INFINITY : Number(length)
    this.#tail = ''
  }

  /** A chunked body ends with an empty chunk; only its last bytes are looked at. */
  #takeBody(bytes: Buffer): void {
    if (!this.#isChunked) this.#missing -= bytes.length
    else {
      this.#tail = (this.#tail + bytes.toString('latin1', Math.max(0, bytes.length - LAST_CHUNK.length))).slice(
        -LAST_CHUNK.length,
      )
      if (this.#tail === LAST_CHUNK) this.#missing = 0
    }
  }
}

function makeRequests({ method, path, port, isUnique }: HttpRun): () => string {
  const tail = ` HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: keep-alive\r\n`
  const head = `${method} ${path}${tail}`
  if (method === 'GET') return () => (isUnique ? `${method} ${path}&n=${++made}${tail}\r\n` : `${head}\r\n`)
  return () => {
    const id = `line-http-${process.pid.toString(36)}-${(++made).toString(36).padStart(8, '0')}`
    const body = JSON.stringify(orderLine(id))
    return `${head}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  }
}

const methods = {
  async run(run: HttpRun): Promise<HttpRates> {
    const latencies: number[] = []
    const startedAt = performance.now()
    const clients = Array.from({ length: run.clients }, () => new Client(run, latencies, makeRequests(run)))
    await new Promise((done) => setTimeout(done, run.seconds * 1_000))
    const answered = clients.reduce((sum, client) => sum + client.answered, 0)
    const elapsed = performance.now() - startedAt
    for (const client of clients) client.isRunning = false
    await Promise.all(clients.map((client) => client.ended))
    latencies.sort((a, b) => a - b)
    const rank = (share: number): number => latencies[Math.floor(share * latencies.length)] ?? Number.NaN
    return { perSecond: answered / (elapsed / 1_000), p50Ms: rank(0.5), p95Ms: rank(0.95) }
  },
}
export type HttpClients = typeof methods

serveHelper(methods)
