import { closeSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs'
import type { JournalLine } from './operation.ts'

const FLUSH_MS = 10

/** The load process's own record of what it sent and what it was promised: synced in groups, whole after `flush`. */
export class Journal {
  readonly #file: number
  #pending: string[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(path: string) {
    this.#file = openSync(path, 'a')
  }

  write(line: JournalLine): void {
    this.#pending.push(`${JSON.stringify(line)}\n`)
    this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS)
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#pending.length === 0) return
    const text = this.#pending.join('')
    this.#pending = []
    writeSync(this.#file, text)
    fsyncSync(this.#file)
  }

  close(): void {
    this.flush()
    closeSync(this.#file)
  }
}

/** Reads what a journal has gained since the last reading. */
export class JournalReader {
  readonly #path: string
  #offset = 0

  constructor(path: string) {
    this.#path = path
  }

  readNew(): JournalLine[] {
    const file = openSync(this.#path, 'r')
    try {
      const chunks: Buffer[] = []
      for (;;) {
        const chunk = Buffer.alloc(1 << 20)
        const length = readSync(file, chunk, 0, chunk.length, this.#offset)
        if (length === 0) break
        this.#offset += length
        chunks.push(chunk.subarray(0, length))
      }
      const lines = Buffer.concat(chunks).toString('utf8').split('\n')
      return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as JournalLine)
    } finally {
      closeSync(file)
    }
  }
}
