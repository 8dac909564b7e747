import fc from 'fast-check'
import { expect, test } from 'vitest'
import { joinPieces } from '../lib/text-pieces.ts'
import type { OperationResult, StoredEvent, WriteResult } from '../store/types.ts'
import { buildAck, buildBatchAck, buildEventFrame, buildNotice, declaredAckPieces, recordRefText } from './ack.ts'

const context = { serverId: 'ws-1', branchId: 'dar', moduleId: 'pos' }
const at = '2026-01-02T03:04:05.678Z'
const recordRef = { table: 'order_line', key: 'l-1', primaryKey: { id: 'l-1' }, id: 'l-1' }
const recordText = '{"id":"l-1","name":"شاي","version":2}'

const event = (more: Partial<StoredEvent> = {}): StoredEvent => ({
  ...context,
  epoch: 3,
  seq: 41,
  eventId: 'evt-1',
  action: 'module:merge',
  table: 'order_line',
  key: 'l-1',
  recordRef,
  recordText,
  meta: {
    ...context,
    table: 'order_line',
    timestamp: at,
    source: 'ws-client',
    clientMeta: { requestId: 'r-1' },
    recordKey: 'l-1',
  },
  createdAt: at,
  isCreated: false,
  isDeleted: false,
  hash: 'ab',
  ...more,
})

const operation = (more: Partial<OperationResult> = {}): OperationResult => ({
  outcome: 'updated',
  action: 'module:merge',
  table: 'order_line',
  recordRef,
  recordText,
  version: 2,
  event: event(),
  warnings: [],
  ...more,
})

const write = (operations: OperationResult[], more: Partial<WriteResult> = {}): WriteResult => ({
  results: operations,
  isReplay: false,
  epoch: 3,
  seq: 41,
  ...more,
})

const meta = {
  clientMeta: { requestId: 'r-1' },
  source: 'ws-client',
  action: 'module:merge',
  eventId: 'evt-1',
  sequence: 41,
  recordRef,
}
const publishState = { dar: { status: 'published', updatedAt: at, attempts: 0, publishedAt: at } }
const record = { id: 'l-1', name: 'شاي', version: 2 }

test('the ack has the fields of the specification and of the field, the record pasted as it is stored', () => {
  const text = buildAck(context, write([operation({ warnings: ['qty was read as quantity'] })]), { requestId: 'r-1' })
  expect(text).toContain(recordText)
  expect(JSON.parse(text)).toMatchObject({
    type: 'server:ack',
    requestId: 'r-1',
    action: 'module:merge',
    ...{ branchId: 'dar', moduleId: 'pos', version: 41, epoch: 3, sequence: 41, eventId: 'evt-1' },
    table: 'order_line',
    recordRef,
    publishState,
    meta,
    entry: {
      id: 'l-1',
      table: 'order_line',
      action: 'module:merge',
      recordRef,
      meta,
      created: false,
      deleted: false,
      record,
    },
    created: false,
    warnings: ['qty was read as quantity'],
  })
})

const declaredAck = (result: WriteResult, options: Parameters<typeof declaredAckPieces>[2]) =>
  JSON.parse(joinPieces(declaredAckPieces(context, result, options)))

test('the ack for protocol 2 says each thing once, however the record comes', () => {
  const options = { requestId: 'r-1', clientMeta: { silent: true }, source: 'ws-client' }
  const expected = {
    type: 'server:ack',
    requestId: 'r-1',
    action: 'module:merge',
    ...{ branchId: 'dar', moduleId: 'pos', version: 41, epoch: 3, sequence: 41, eventId: 'evt-1' },
    table: 'order_line',
    recordRef,
    created: false,
    meta: {
      serverId: 'ws-1',
      table: 'order_line',
      action: 'module:merge',
      timestamp: at,
      source: 'ws-client',
      clientMeta: { requestId: 'r-1', silent: true },
    },
    entry: { id: 'l-1', table: 'order_line', action: 'module:merge', created: false, deleted: false, record },
    warnings: ['w'],
  }
  const bytes = Buffer.from(recordText)
  expect(declaredAck(write([operation({ warnings: ['w'] })]), options)).toEqual(expected)
  expect(declaredAck(write([operation({ warnings: ['w'], recordBytes: bytes })]), options)).toEqual(expected)
  const { record: _record, ...entry } = expected.entry
  const short = { ...options, includeRecord: false }
  expect(declaredAck(write([operation({ warnings: ['w'] })]), short)).toEqual({ ...expected, entry })
})

test('an ack for protocol 2 without an event, request id or meta is whole, too', () => {
  const { event: _event, ...unwritten } = operation({ outcome: 'unchanged' })
  const ack = declaredAck(write([unwritten], { isReplay: true }), {})
  expect(ack).toMatchObject({ replayed: true, eventId: null, sequence: 41, meta: { timestamp: null } })
  expect(ack).not.toHaveProperty('requestId')
  expect(ack.meta).not.toHaveProperty('clientMeta')
  const gone = operation({ outcome: 'deleted', action: 'module:delete', event: event({ isDeleted: true }) })
  expect(declaredAck(write([gone]), {})).toMatchObject({ deleted: true, entry: { deleted: true } })
})

test('a request id outside meta is found inside it, the event keeps what was sent', () => {
  const bare = event({ meta: { table: 'order_line' } })
  const ack = JSON.parse(buildAck(context, write([operation({ event: bare })]), { requestId: 'r-9' }))
  expect(ack.meta.clientMeta).toEqual({ requestId: 'r-9' })
  expect(JSON.parse(buildEventFrame(bare)).meta).not.toHaveProperty('clientMeta')
})

test('a retry is acknowledged in the words of the caller, not of who wrote first', () => {
  const options = { requestId: 'mine', clientMeta: { requestId: 'mine', silent: true }, source: 'ws-client' }
  const { event: _event, ...unwritten } = operation({ outcome: 'unchanged' })
  for (const result of [
    write([operation({ outcome: 'unchanged' })]),
    write([unwritten]),
    write([operation()], { isReplay: true }),
  ]) {
    const ack = JSON.parse(buildAck(context, result, options))
    expect(ack).toMatchObject({
      requestId: 'mine',
      meta: { clientMeta: options.clientMeta, source: 'ws-client' },
      sequence: 41,
    })
    expect(ack.eventId).toBe(result.results[0]?.event ? 'evt-1' : null)
    expect(ack.replayed).toBe(result.isReplay ? true : undefined)
  }
})

test('without its record an ack is short; a delete is marked', () => {
  const short = JSON.parse(buildAck(context, write([operation()]), { includeRecord: false }))
  expect(short.entry).not.toHaveProperty('record')
  const gone = event({ action: 'module:delete', isDeleted: true })
  const ack = JSON.parse(
    buildAck(context, write([operation({ outcome: 'deleted', action: 'module:delete', event: gone })])),
  )
  expect(ack).toMatchObject({ deleted: true, created: false, entry: { deleted: true, record } })
})

test('one ack for a batch, one result an operation', () => {
  const first = operation({ outcome: 'created', action: 'module:insert', event: event({ seq: 40, eventId: 'evt-0' }) })
  const ack = JSON.parse(buildBatchAck(context, write([first, operation()]), { requestId: 'b', clientMeta: { n: 1 } }))
  expect(ack).toMatchObject({
    type: 'server:ack',
    action: 'module:batch',
    requestId: 'b',
    sequence: 41,
    meta: { branchId: 'dar', clientMeta: { requestId: 'b', n: 1 } },
    results: [
      { created: true, sequence: 40, eventId: 'evt-0' },
      { created: false, sequence: 41 },
    ],
  })
})

test('the event frame is the ack of everybody else, with the notice', () => {
  const frame = JSON.parse(buildEventFrame(event({ group: { id: 'g', index: 0, size: 2 } })))
  expect(frame).toMatchObject({
    type: 'server:event',
    ...{ eventId: 'evt-1', sequence: 41, version: 41, epoch: 3, branchId: 'dar', moduleId: 'pos', createdAt: at },
    table: 'order_line',
    action: 'module:merge',
    recordRef,
    publishState,
    meta,
    entry: { record, recordRef, created: false, deleted: false },
    notice: {
      action: 'module:merge',
      recordRef,
      eventId: 'evt-1',
      sequence: 41,
      version: 41,
      timestamp: at,
      created: false,
      deleted: false,
      meta,
    },
    group: { id: 'g', index: 0, size: 2 },
  })
  expect(frame).not.toHaveProperty('created')
  expect(frame.notice).toEqual(JSON.parse(buildNotice(context, write([operation()]), operation())))
})

test('the event of a whole module has its own fields at the top', () => {
  const purge = event({
    action: 'module:purge',
    table: null,
    key: null,
    recordRef: null,
    recordText: null,
    meta: { reason: 'month end', tables: [{ table: 'order_line', removed: 5 }], totalRemoved: 5 },
  })
  const frame = JSON.parse(buildEventFrame(purge))
  expect(frame).toMatchObject({
    action: 'module:purge',
    totalRemoved: 5,
    tables: [{ removed: 5 }],
    record: null,
    meta: { reason: 'month end' },
  })
  expect(frame).not.toHaveProperty('table')
})

test('a reference as text is what JSON makes of it, whatever stands in it', () => {
  const name = fc.string({ unit: 'binary', maxLength: 12 }).filter((text) => text !== '__proto__')
  const value = fc.oneof(name, fc.integer(), fc.constant(null), fc.boolean())
  const refs = fc.record(
    {
      table: name,
      key: name,
      primaryKey: fc.dictionary(name, value, { maxKeys: 3, noNullPrototype: true }),
      id: value,
    },
    { requiredKeys: ['table', 'key', 'primaryKey'] },
  )
  fc.assert(
    fc.property(refs, ({ table, key, primaryKey, ...rest }) => {
      const ref = { table, key, primaryKey, ...rest }
      expect(recordRefText(ref)).toBe(JSON.stringify(ref))
      const plain = { table, key, primaryKey: { id: key }, id: key }
      expect(recordRefText(plain)).toBe(JSON.stringify(plain))
    }),
    { numRuns: 2_000 },
  )
})
