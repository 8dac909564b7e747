import { expect, test } from 'vitest'
import { type FrameSink, OutgoingQueue } from './outgoing-queue.ts'

/** A sink that takes `capacity` bytes and keeps the rest until it is drained. */
class SlowSink implements FrameSink {
  taken = ''
  held = 0
  isAlive = true
  writes = 0
  isOpen = (): boolean => this.isAlive
  bufferedBytes = (): number => this.held
  cork = (): void => undefined
  uncork = (): void => undefined
  write(bytes: Buffer): void {
    this.taken += bytes.toString()
    this.held += bytes.length
    this.writes++
  }
}

function setUp(limits = { maxEventBytes: 100, handOverBytes: 10 }) {
  const sink = new SlowSink()
  let overflows = 0
  const queue = new OutgoingQueue(sink, limits, () => overflows++)
  const event = (text: string): void => queue.pushEvent({ buffer: Buffer.from(text), start: 0, end: text.length })
  return { sink, queue, event, overflows: () => overflows }
}

test('[B1] frames leave in the order in which they were pushed, at the flush', () => {
  const { sink, queue, event } = setUp({ maxEventBytes: 100, handOverBytes: 1_000 })
  queue.pushDirect(Buffer.from('a1 '))
  event('e1 ')
  queue.pushSnapshot([{ head: Buffer.from('s1 '), body: Buffer.from('s2 ') }])
  queue.pushDirect(Buffer.from('a2 '))
  expect(sink.taken).toBe('')

  queue.flush()
  expect(sink.taken).toBe('a1 e1 s1 s2 a2 ')
  expect([queue.isEmpty, queue.queuedBytes]).toEqual([true, 0])
})

test('[P4] neighbouring runs of a slab are one write', () => {
  const { sink, queue } = setUp({ maxEventBytes: 100, handOverBytes: 1_000 })
  const slab = Buffer.from('abcdef')
  queue.pushEvent({ buffer: slab, start: 0, end: 2 })
  queue.pushEvent({ buffer: slab, start: 2, end: 5 })
  queue.flush()

  expect([sink.taken, sink.writes]).toEqual(['abcde', 1])
})

test('[B2] [B3] past the limit events are dropped once, acks never', () => {
  const { sink, queue, event, overflows } = setUp()
  sink.held = 10
  for (let index = 0; index < 9; index++) {
    queue.pushDirect(Buffer.from(`a${index}`))
    event('0123456789ab')
  }
  expect([overflows(), queue.isHearingEvents, queue.eventBytes]).toEqual([1, false, 0])

  while (!queue.isEmpty) {
    sink.held = 0
    queue.flush()
  }
  expect(sink.taken).toBe('a0a1a2a3a4a5a6a7a8')
  queue.resumeEvents()
  event('back')
  sink.held = 0
  queue.flush()
  expect(sink.taken.endsWith('back')).toBe(true)
})

test('[B3] a burst that the sink takes is not slowness', () => {
  const { sink, queue, event, overflows } = setUp({ maxEventBytes: 100, handOverBytes: 10_000 })
  for (let index = 0; index < 50; index++) event('0123456789')

  queue.flush()
  expect([overflows(), sink.taken.length]).toEqual([0, 500])
})

test('[B3] many separate runs count as slow, since each keeps a slab alive', () => {
  const { sink, event, overflows } = setUp({ maxEventBytes: 1_000_000, handOverBytes: 10 })
  sink.held = 10
  for (let index = 0; index < 1_025; index++) event('x')

  expect(overflows()).toBe(1)
})

test('[S4] snapshots do not count and are not dropped; the two halves of a frame stay together', () => {
  const { sink, queue, event } = setUp()
  sink.held = 10
  queue.pushSnapshot([{ head: Buffer.from('head'), body: Buffer.alloc(500, 's') }])
  event('event')
  expect(queue.isHearingEvents).toBe(true)

  sink.held = 9
  queue.flush()
  expect(sink.taken).toBe(`head${'s'.repeat(500)}`)
})

test('[B1] a closed sink is written nothing', () => {
  const { sink, queue } = setUp()
  queue.pushDirect(Buffer.from('ack'))
  sink.isAlive = false
  queue.flush()

  expect([sink.taken, queue.isEmpty]).toEqual(['', true])
})
