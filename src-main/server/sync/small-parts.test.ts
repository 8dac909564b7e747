import { describe, expect, test } from 'vitest'
import { parseClientFrame } from '../../../src-shared/protocol/client-frames.ts'
import { decodeFrame } from './frame-text.ts'
import { AddressCounter, TokenBucket } from './limits.ts'
import { isSameRequest, RequestMemory } from './request-memory.ts'
import { parseTopic } from './topic-names.ts'
import { changeOf } from './topics.ts'

describe('client frames', () => {
  const parse = (frame: object) => parseClientFrame(JSON.parse(JSON.stringify(frame)))

  test('[W12] [W2] aliases of fields are read, module:update is a merge', () => {
    expect(
      parse({
        type: 'client:publish',
        module: 'pos',
        targetTable: 't',
        action: 'module:update',
        data: { id: 1 },
        meta: { requestId: 'r' },
      }),
    ).toMatchObject({ kind: 'single', moduleId: 'pos', table: 't', action: 'merge', record: { id: 1 }, requestId: 'r' })
  })

  test.each([
    [{ type: 'client:publish', action: 'module:insert' }, 'missing-table-name'],
    [{ type: 'client:publish', table: 't', action: 'module:drop' }, 'unsupported-event-action'],
    [{ type: 'client:publish', table: 't', record: [] }, 'missing-record'],
    [{ type: 'client:publish', table: 't', branchId: 7 }, 'invalid-request'],
    [{ type: 'client:publish', action: 'module:batch', operations: [] }, 'invalid-request'],
    [{ type: 'client:publish', action: 'module:batch', operations: [1] }, 'invalid-request'],
    [{ type: 'client:hello', clientId: 'till\ud800' }, 'invalid-request'],
    [{ type: 'client:hello', tables: 'all' }, 'invalid-request'],
    [{ type: 'client:hello', protocol: '2' }, 'invalid-request'],
    [{ type: 'client:hello', cursor: 5 }, 'invalid-request'],
    [{ type: 'client:query' }, 'missing-table-name'],
    [{ type: 'client:query', table: 't', queryType: 'sql' }, 'invalid-request'],
    [{ type: 'subscribe' }, 'invalid-topic'],
  ])('[W10] %o is refused as %s', (frame, code) => {
    expect(() => parse(frame)).toThrow(expect.objectContaining({ code }))
  })

  test('[D1] a cursor that cannot be read is no cursor', () => {
    const frame = parse({ type: 'client:hello', cursor: { pos: { epoch: 1, seq: 2 }, lab: 'x', __proto__x: null } })

    expect(frame).toMatchObject({ cursor: { pos: { epoch: 1, seq: 2 }, lab: undefined } })
  })
})

describe('frame text', () => {
  const decode = (text: string) => decodeFrame(Buffer.from(text), 8)

  test.each(['', '[]', '1', 'null', '{', '{"a":}'])('[W10] %o is no frame', (text) => {
    expect(() => decode(text)).toThrow(expect.objectContaining({ code: 'invalid-json' }))
  })

  test('[B6] depth is bounded before anything is built', () => {
    expect(() => decodeFrame(Buffer.from('['.repeat(100_000)), 64)).toThrow(
      expect.objectContaining({ code: 'body-too-deep' }),
    )
    expect(decode('{"a":"[[[[[[[[[[[[[[[["}')).toEqual({ a: '[[[[[[[[[[[[[[[[' })
  })
})

test('[B7] a bucket gives its burst, then refills steadily', () => {
  const bucket = new TokenBucket(3, 2, 1_000)
  const takeAt = (ms: number) => bucket.take(ms)

  expect([1_000, 1_000, 1_000, 1_000, 1_499, 1_500, 1_501, 9_000].map(takeAt)).toEqual([
    true,
    true,
    true,
    false,
    false,
    true,
    false,
    true,
  ])
})

test('[B8] sockets are counted by address', () => {
  const counter = new AddressCounter()
  counter.add('a')
  counter.add('a')
  counter.remove('a')

  expect([counter.count('a'), counter.count('b')]).toEqual([1, 0])
})

function publishOf(record: object, meta: object = {}) {
  const frame = parseClientFrame({ type: 'client:publish', table: 't', record: { ...record }, meta: { ...meta } })
  if (frame.type !== 'client:publish') throw new Error('not a publish')
  return frame
}

test('[I2] the memory of a socket is bounded by count and bytes, its newest entry stays', () => {
  const memory = new RequestMemory()
  for (let index = 0; index < 200; index++) {
    const entry = memory.begin('pos', `r${index}`, Buffer.alloc(1_000))
    memory.finish('pos', `r${index}`, entry, Buffer.alloc(3_096))
  }
  const kept = Array.from({ length: 200 }, (_, index) => memory.find('pos', `r${index}`)).filter(Boolean)
  expect(kept).toHaveLength(32)

  const large = memory.begin('pos', 'large', Buffer.alloc(100))
  memory.finish('pos', 'large', large, Buffer.alloc(500_000))
  expect([memory.find('pos', 'large'), memory.find('pos', 'r199')]).toEqual([large, undefined])
})

test('[I2] a frame that came with a lot else is kept without it', () => {
  const memory = new RequestMemory()
  const chunk = Buffer.alloc(64_000, 'x')
  const kept = memory.begin('pos', 'r', chunk.subarray(100, 200)).frame
  expect(kept).toEqual(chunk.subarray(100, 200))
  expect(kept.buffer.byteLength).toBeLessThanOrEqual(Buffer.poolSize)
})

test('[I1] sameness is action, table and record, not meta', () => {
  const known = publishOf({ a: 1 }, { at: 1 })

  expect(isSameRequest(known, publishOf({ a: 1 }, { at: 2 }))).toBe(true)
  expect(isSameRequest(known, publishOf({ a: 2 }, { at: 1 }))).toBe(false)
})

test('[T2] topics say what they are and which branch they name', () => {
  const isBranch = (word: string) => ['dar', 'lab:test'].includes(word)
  const parse = (name: string) => parseTopic(name, isBranch)

  expect(parse('sync::dar::pos')).toEqual({ kind: 'sync', name: 'sync::dar::pos', branchId: 'dar', moduleId: 'pos' })
  expect(parse('pos:sync:dar')).toMatchObject({ kind: 'sync', branchId: 'dar', moduleId: 'pos' })
  expect(parse('sync-table::dar::pos::order_line')).toMatchObject({ kind: 'table', branchId: 'dar' })
  expect(parse('table::order_line')).toMatchObject({ kind: 'table', branchId: undefined })
  expect(parse('lab:test:pos:payments')).toMatchObject({ kind: 'free', branchId: 'lab:test' })
  expect(parse('branch-main:kds:handoff:updates')).toMatchObject({ kind: 'free', branchId: undefined })
  expect(['sync::dar', 'sync-table::dar', 'table::', 'a b', 'x'.repeat(300)].map(parse)).toEqual(
    Array.from({ length: 5 }, () => undefined),
  )
})

test('[T3] a subscriber gets what differs at the top level, and nothing when nothing does', () => {
  expect(changeOf(undefined, { a: 1 })).toEqual({ mode: 'snapshot', snapshot: { a: 1 } })
  expect(changeOf({ a: 1, b: { c: 2 }, d: 3 }, { a: 1, b: { c: 3 } })).toEqual({
    mode: 'delta',
    set: { b: { c: 3 } },
    remove: ['d'],
  })
  expect(changeOf({ a: { b: [1] } }, { a: { b: [1] } })).toBeUndefined()
})
