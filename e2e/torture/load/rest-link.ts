import { Agent, request } from 'node:http'
import type { JsonValue } from '../../../src-shared/json.ts'
import type { Answer, Link, Operation } from './operation.ts'

const MODULE = '/api/branches/dar/modules/pos'
const METHODS = { insert: 'POST', merge: 'PATCH', delete: 'DELETE' } as const

interface WriteBody {
  error?: string
  table?: string
  record?: { version?: number }
  ack?: { sequence: number; recordRef: { key: string } }
  value?: number
  id?: string
}

/** Requests over one kept connection, each with an Idempotency-Key. Carries single writes and sequences. */
export class RestLink implements Link {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  readonly #base: URL

  constructor(url: string) {
    this.#base = new URL(url)
  }

  async send(operation: Operation): Promise<Answer> {
    const { id, kind, writes } = operation
    const answer =
      kind === 'number'
        ? await this.#call('POST', `${MODULE}/sequences`, id, { table: 'order_header', field: 'orderNumber' })
        : await this.#call(METHODS[writes[0]!.action], `${MODULE}/tables/${writes[0]!.table}`, id, {
            record: writes[0]!.record,
            meta: { op: id },
          })
    if (answer === undefined) return { kind: 'lost' }
    const { status, body, isReplay } = answer
    if (status >= 300) return { kind: 'refused', code: body.error ?? String(status) }
    if (kind === 'number') {
      return { kind: 'acked', isReplay, writes: [], number: { value: body.value!, id: body.id! } }
    }
    const { sequence, recordRef } = body.ack!
    const write = { table: body.table!, key: recordRef.key, seq: sequence, version: body.record?.version ?? null }
    return { kind: 'acked', isReplay, writes: [write] }
  }

  close(): void {
    this.#agent.destroy()
  }

  #call(
    method: string,
    path: string,
    key: string,
    body: JsonValue,
  ): Promise<{ status: number; body: WriteBody; isReplay: boolean } | undefined> {
    const { hostname, port } = this.#base
    const text = JSON.stringify(body)
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
      'idempotency-key': key,
      'mishkah-protocol': '2',
    }
    return new Promise((resolve) => {
      const outgoing = request({ agent: this.#agent, hostname, port, method, path, headers }, (response) => {
        let received = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          received += chunk
        })
        response.on('error', () => resolve(undefined))
        response.on('close', () => {
          // An answer that was cut off is no answer.
          if (!response.complete) return resolve(undefined)
          const isReplay = response.headers['idempotency-replayed'] === 'true'
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(received) as WriteBody, isReplay })
        })
      })
      outgoing.on('error', () => resolve(undefined))
      outgoing.end(text)
    })
  }
}
