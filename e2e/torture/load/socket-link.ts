import { WebSocket } from 'ws'
import type { JsonObject } from '../../../src-shared/json.ts'
import type { Answer, Link, Operation } from './operation.ts'

interface AckFrame {
  type: string
  requestId?: string
  error?: string
  replayed?: boolean
  table?: string
  sequence?: number
  recordRef?: { key: string }
  entry?: { record?: { version?: number } }
  results?: AckFrame[]
}

/** A protocol 2 socket with a lasting client id, so that request ids mean the same after a restart. */
export class SocketLink implements Link {
  readonly #socket: WebSocket
  readonly #waiting = new Map<string, (answer: Answer) => void>()

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (data) => this.#receive(String(data)))
    socket.on('error', () => undefined)
    socket.on('close', () => {
      for (const settle of this.#waiting.values()) settle({ kind: 'lost' })
      this.#waiting.clear()
    })
  }

  static async open(wsUrl: string, clientId: string, tables: string[] | undefined): Promise<SocketLink> {
    const socket = new WebSocket(wsUrl, { handshakeTimeout: 10_000 })
    const ready = Promise.withResolvers<void>()
    socket.once('error', ready.reject)
    socket.once('close', () => ready.reject(new Error('the socket closed before the hello was answered')))
    const listen = (data: unknown): void => {
      if ((JSON.parse(String(data)) as AckFrame).type === 'server:ready') ready.resolve()
    }
    socket.on('message', listen)
    socket.once('open', () => {
      const hello = { type: 'client:hello', protocol: 2, branchId: 'dar', modules: ['pos'], clientId }
      socket.send(JSON.stringify({ ...hello, requestSnapshot: false, ...(tables && { tables }) }))
    })
    await ready.promise
    socket.off('message', listen)
    return new SocketLink(socket)
  }

  send(operation: Operation): Promise<Answer> {
    if (this.#socket.readyState !== WebSocket.OPEN) return Promise.resolve({ kind: 'lost' })
    return new Promise((resolve) => {
      this.#waiting.set(operation.id, resolve)
      this.#socket.send(JSON.stringify(publishFrame(operation)))
    })
  }

  close(): void {
    this.#socket.terminate()
  }

  #receive(text: string): void {
    const frame = JSON.parse(text) as AckFrame
    const settle = frame.requestId === undefined ? undefined : this.#waiting.get(frame.requestId)
    if (!settle || (frame.type !== 'server:ack' && frame.type !== 'server:error')) return
    this.#waiting.delete(frame.requestId!)
    settle(frame.type === 'server:ack' ? answerOf(frame) : { kind: 'refused', code: frame.error ?? 'unknown' })
  }
}

function publishFrame({ id, writes }: Operation): JsonObject {
  const envelope = { type: 'client:publish', requestId: id, moduleId: 'pos', meta: { op: id } }
  const operations = writes.map(({ action, table, record }) => ({ action: `module:${action}`, table, record }))
  return operations.length === 1
    ? { ...envelope, ...operations[0]! }
    : { ...envelope, action: 'module:batch', operations }
}

function answerOf(frame: AckFrame): Answer {
  const writes = (frame.results ?? [frame]).map((result) => ({
    table: result.table!,
    key: result.recordRef!.key,
    seq: result.sequence!,
    version: result.entry?.record?.version ?? null,
  }))
  return { kind: 'acked', isReplay: frame.replayed === true, writes }
}
