import type { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import * as webSockets from 'ws'
import { FrameSlab, fragmentFrames, textFrame, type WireFrame } from './wire-frame.ts'

/** Exported by ws, but not in its typings. */
const { Receiver } = webSockets as unknown as { Receiver: new (options: object) => Writable }

/** Reads frames as a client of `ws` does. */
function read(bytes: Buffer): string[] {
  const receiver = new Receiver({ isServer: false, binaryType: 'nodebuffer' })
  const texts: string[] = []
  receiver.on('message', (data: Buffer) => texts.push(data.toString()))
  receiver.write(bytes)
  return texts
}

function bytesOf(frames: readonly WireFrame[]): Buffer {
  return Buffer.concat(frames.flatMap(({ head, body }) => (body ? [head, body] : [head])))
}

test('[B1] texts of every header size arrive as they were sent', () => {
  const texts = ['', 'x', 'y'.repeat(125), 'z'.repeat(126), 'ش'.repeat(40_000), '{"a":1}', 'q'.repeat(65_535)]

  expect(read(Buffer.concat(texts.map(textFrame)))).toEqual(texts)
})

test('[P4] frames in a slab lie side by side and survive the next slab', () => {
  const slab = new FrameSlab()
  const texts = Array.from({ length: 400 }, (_, index) => `${index}:${'ب'.repeat(index)}`)
  texts.push('x'.repeat(100_000))
  const runs = texts.map((text) => slab.append(text))

  expect(read(Buffer.concat(runs.map(({ buffer, start, end }) => buffer.subarray(start, end))))).toEqual(texts)
  expect(runs[1]).toMatchObject({ buffer: runs[0]!.buffer, start: runs[0]!.end })
})

test('[S1] fragments reference large buffers and arrive as one message', () => {
  const large = Buffer.from('"'.padEnd(10_000, 'م').concat('"'))
  const small = Buffer.from('"small"')
  const frames = fragmentFrames(['[', large, ',', small, ',', large, ']'], { isFirst: true, isLast: true })

  expect(frames.filter(({ body }) => body === large)).toHaveLength(2)
  expect(read(bytesOf(frames))).toEqual([`[${large},${small},${large}]`])
})

test('[S1] a message can be put together from a beginning, a shared middle and an end', () => {
  const middle = fragmentFrames([Buffer.from('b'.repeat(5_000)), 'c'], { isFirst: false, isLast: false })
  const message = [
    ...fragmentFrames(['a'], { isFirst: true, isLast: false }),
    ...middle,
    ...fragmentFrames(['d'], { isFirst: false, isLast: true }),
  ]

  expect(read(Buffer.concat([bytesOf(message), textFrame('next')]))).toEqual([`a${'b'.repeat(5_000)}cd`, 'next'])
})
