import { encodeShared, type TextPiece } from '../../lib/text-pieces.ts'

/**
 * WebSocket frames as a server sends them: unmasked, so that the bytes are the same for every socket and a broadcast
 * frames its text once. The `ws` package reads, answers pings and closes; what we send goes to the TCP socket as whole
 * frames in one turn, so that its control frames fall between ours.
 * Source: RFC 6455, section 5.2 and 5.4; docs/sync.md, rule B1.
 */

/** One frame. `head` is the header with the first bytes of the payload; `body`, when there is one, is shared memory. */
export interface WireFrame {
  head: Buffer
  body: Buffer | null
}

const FIN = 0x80
const TEXT = 0x01
const CONTINUATION = 0x00

function headerBytes(payloadBytes: number): number {
  return payloadBytes < 126 ? 2 : payloadBytes < 65_536 ? 4 : 10
}

function writeHeader(target: Buffer, offset: number, firstByte: number, payloadBytes: number): number {
  target[offset] = firstByte
  if (payloadBytes < 126) {
    target[offset + 1] = payloadBytes
    return offset + 2
  }
  if (payloadBytes < 65_536) {
    target[offset + 1] = 126
    return target.writeUInt16BE(payloadBytes, offset + 2)
  }
  target[offset + 1] = 127
  target.writeUInt32BE(0, offset + 2)
  return target.writeUInt32BE(payloadBytes, offset + 6)
}

/** A whole text message in one frame. */
export function textFrame(text: string): Buffer {
  const payloadBytes = Buffer.byteLength(text)
  const frame = Buffer.allocUnsafe(headerBytes(payloadBytes) + payloadBytes)
  const offset = writeHeader(frame, 0, FIN | TEXT, payloadBytes)
  frame.write(text, offset, payloadBytes, 'utf8')
  return frame
}

/** A whole text message in one frame, from pieces. */
export function piecesFrame(pieces: readonly TextPiece[]): Buffer {
  const payload = encodeShared(pieces)
  const frame = Buffer.allocUnsafe(headerBytes(payload.length) + payload.length)
  payload.copy(frame, writeHeader(frame, 0, FIN | TEXT, payload.length))
  return frame
}

/** Which end of a message the frames are. A message in one piece is both. */
export interface MessageEnds {
  isFirst: boolean
  isLast: boolean
}

/** Below this size a buffer is copied into the frame before it instead of travelling on its own. */
const COPY_BELOW_BYTES = 4_096

/**
 * A message, or the middle of one, as fragments. Texts and small buffers become the beginning of the next fragment;
 * large buffers are referenced, never copied.
 */
export function fragmentFrames(pieces: Iterable<string | Buffer>, ends: MessageEnds): WireFrame[] {
  const payloads: { prefix: Buffer[]; body: Buffer | null }[] = []
  let prefix: Buffer[] = []
  for (const piece of pieces) {
    if (typeof piece === 'string') prefix.push(Buffer.from(piece))
    else if (piece.length < COPY_BELOW_BYTES) prefix.push(piece)
    else {
      payloads.push({ prefix, body: piece })
      prefix = []
    }
  }
  if (prefix.length > 0 || payloads.length === 0) payloads.push({ prefix, body: null })
  return payloads.map((payload, index) => {
    const isFirst = ends.isFirst && index === 0
    const isLast = ends.isLast && index === payloads.length - 1
    return fragment(payload.prefix, payload.body, (isLast ? FIN : 0) | (isFirst ? TEXT : CONTINUATION))
  })
}

function fragment(prefix: Buffer[], body: Buffer | null, firstByte: number): WireFrame {
  const prefixBytes = prefix.reduce((sum, buffer) => sum + buffer.length, 0)
  const payloadBytes = prefixBytes + (body?.length ?? 0)
  const head = Buffer.allocUnsafe(headerBytes(payloadBytes) + prefixBytes)
  let offset = writeHeader(head, 0, firstByte, payloadBytes)
  for (const buffer of prefix) offset += buffer.copy(head, offset)
  return { head, body }
}

/** Where a frame lies in a slab: bytes `start` to `end` of `buffer`. */
export interface FrameRun {
  buffer: Buffer
  start: number
  end: number
}

const SLAB_BYTES = 65_536

/**
 * Frames of broadcasts, one behind the other in slabs of 64 KiB. A socket that is sent several of them in a row is
 * sent one piece of the slab, and every socket is sent the same memory. A slab lives as long as a queue refers to it.
 */
export class FrameSlab {
  #buffer = Buffer.alloc(0)
  #used = 0

  append(text: string): FrameRun {
    const payloadBytes = Buffer.byteLength(text)
    const frameBytes = headerBytes(payloadBytes) + payloadBytes
    if (frameBytes > SLAB_BYTES / 4) {
      const own = textFrame(text)
      return { buffer: own, start: 0, end: own.length }
    }
    if (this.#used + frameBytes > this.#buffer.length) {
      this.#buffer = Buffer.allocUnsafeSlow(SLAB_BYTES)
      this.#used = 0
    }
    const start = this.#used
    const offset = writeHeader(this.#buffer, start, FIN | TEXT, payloadBytes)
    this.#buffer.write(text, offset, payloadBytes, 'utf8')
    this.#used = start + frameBytes
    return { buffer: this.#buffer, start, end: this.#used }
  }
}
