import type { JsonObject } from '../../src-shared/json.ts'
import type { SocketLike } from '../lib/platform.ts'

/**
 * A socket whose other end is played by the test: it is opened, spoken to and cut when the test says so. A device with a
 * `TestBranch` needs none of this, its sockets answer by themselves.
 */
export class TestSocket implements SocketLike {
  readonly url: string
  onopen: SocketLike['onopen'] = null
  onmessage: SocketLike['onmessage'] = null
  onclose: SocketLike['onclose'] = null
  onerror: SocketLike['onerror'] = null
  /** What the store has sent. */
  readonly received: JsonObject[] = []
  /** Hears each frame of the store. */
  onReceive: (frame: JsonObject) => void = () => undefined
  isClosed = false

  constructor(url: string) {
    this.url = url
  }

  send(text: string): void {
    if (this.isClosed) return
    const frame = JSON.parse(text) as JsonObject
    this.received.push(frame)
    this.onReceive(frame)
  }

  close(): void {
    this.isClosed = true
  }

  /** The connection is made. */
  accept(): void {
    this.onopen?.call(this as never, new Event('open'))
  }

  /** The server says this. */
  say(frame: object): void {
    if (!this.isClosed) this.onmessage?.call(this as never, { data: JSON.stringify(frame) } as never)
  }

  /** The network is gone, or the server closes the socket with a code of its own, such as 4401. */
  cut(code = 1006, reason = ''): void {
    if (this.isClosed) return
    this.isClosed = true
    this.onclose?.call(this as never, { code, reason } as never)
  }

  ofType(type: string): JsonObject[] {
    return this.received.filter((frame) => frame.type === type)
  }

  /** Answers the last hello: these tables of the module `pos` at this position. */
  welcome(seq = 1, tables: Record<string, JsonObject[]> = {}): void {
    const hello = this.ofType('client:hello').at(-1)!
    const cursor = { pos: { epoch: 1, seq } }
    const claim = (hello.cursor as JsonObject | undefined)?.pos as JsonObject | undefined
    if (claim?.seq !== seq) {
      for (const [table, records] of Object.entries(tables)) {
        const place = { moduleId: 'pos', epoch: 1, seq, table, part: 0, isLast: true, isSingleton: false }
        this.say({ type: 'server:snapshot-part', ...place, records })
      }
      const module = { moduleId: 'pos', version: seq, tableNames: Object.keys(tables), meta: {} }
      this.say({ type: 'server:snapshot', modules: { pos: module }, cursor, meta: {} })
    }
    this.say({ type: 'server:ready', requestId: hello.requestId, protocol: 2, cursor, modes: {} })
  }

  /** Takes a write as the server does: its ack, with the record at this version. */
  ack(publish: JsonObject, sequence: number, version = 1): void {
    const record: JsonObject = { ...(publish.record as JsonObject), version }
    const { table, action } = publish
    const recordRef = { table, key: String(record.id), primaryKey: { id: record.id } }
    const change = { action, table, recordRef, epoch: 1, sequence, version: sequence, entry: { record } }
    this.say({ type: 'server:ack', requestId: publish.requestId, ...change })
  }

  /** Refuses a write with a code of the error catalogue. */
  refuse(publish: JsonObject, error: string, details: object = {}): void {
    this.say({ type: 'server:error', requestId: publish.requestId, error, message: error, details })
  }
}
