/** A part of a text: as a string, or as the UTF-8 that it is stored in, which then needs not be encoded again. */
export type TextPiece = string | Buffer

const SCRATCH_BYTES = 65_536
/** UTF-8 needs at most three bytes for a UTF-16 unit. */
const MAX_BYTES_A_UNIT = 3
const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES)

/** The pieces as one UTF-8 text, in memory that the next call may overwrite: copy it at once. Never waits. */
export function encodeShared(pieces: readonly TextPiece[]): Buffer {
  let room = 0
  for (const piece of pieces) room += typeof piece === 'string' ? piece.length * MAX_BYTES_A_UNIT : piece.length
  const target = room <= SCRATCH_BYTES ? scratch : Buffer.allocUnsafe(room)
  let end = 0
  for (const piece of pieces) end += typeof piece === 'string' ? target.write(piece, end) : piece.copy(target, end)
  return target.subarray(0, end)
}

/** The pieces as one UTF-8 text. */
export function encodePieces(pieces: readonly TextPiece[]): Buffer {
  const shared = encodeShared(pieces)
  const bytes = Buffer.allocUnsafe(shared.length)
  shared.copy(bytes)
  return bytes
}

export function joinPieces(pieces: readonly TextPiece[]): string {
  return pieces.map((piece) => (typeof piece === 'string' ? piece : piece.toString('utf8'))).join('')
}

const SLAB_BYTES = 262_144

/**
 * Texts in UTF-8, one behind the other in shared memory, because a buffer for each asks for its length first. For texts
 * of a short life: a slab lives as long as one of its texts.
 */
export class TextSlab {
  #slab = Buffer.alloc(0)
  #used = 0

  encode(text: string): Buffer {
    const room = text.length * MAX_BYTES_A_UNIT
    if (room > SLAB_BYTES / 4) return Buffer.from(text)
    if (this.#used + room > this.#slab.length) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
      this.#used = 0
    }
    const start = this.#used
    this.#used += this.#slab.write(text, start)
    return this.#slab.subarray(start, this.#used)
  }
}
