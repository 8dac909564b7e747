import { Worker } from 'node:worker_threads'
import { AppError } from '../../../src-shared/errors.ts'
import { type FileKind, type FileReply, type FileRequest, type FileRequests, fromFailure } from './file-work.ts'

interface Waiting {
  resolve(result: unknown): void
  reject(error: Error): void
  onProgress: ((done: number, total: number) => void) | undefined
}

/** Without a request for so long, the thread gives its memory back; the next request starts it again. */
const IDLE_MS = 10_000

/**
 * A thread for work on whole database files, so that no tablet waits for it. Started with the first request; ended when
 * it is idle, and by `close`.
 */
export class FileThread {
  readonly #url: URL
  readonly #waiting = new Map<number, Waiting>()
  #worker: Worker | undefined
  #idle: NodeJS.Timeout | undefined
  #lastId = 0

  /** @param url - Where the thread's code is; another place in a bundle. */
  constructor(url: URL = new URL('./file-thread-entry.ts', import.meta.url)) {
    this.#url = url
  }

  run<Kind extends FileKind>(
    kind: Kind,
    args: FileRequests[Kind]['args'],
    onProgress?: (done: number, total: number) => void,
  ): Promise<FileRequests[Kind]['result']> {
    const request: FileRequest<Kind> = { id: ++this.#lastId, kind, args }
    clearTimeout(this.#idle)
    return new Promise((resolve, reject) => {
      const worker = this.#started()
      this.#waiting.set(request.id, {
        resolve: (result) => resolve(result as FileRequests[Kind]['result']),
        reject,
        onProgress,
      })
      worker.postMessage(request)
    })
  }

  /**
   * Ends the thread, whatever it does; then what waits fails, so that who tidies up finds no file still open. May be
   * called twice, and followed by another `run`.
   */
  async close(): Promise<void> {
    clearTimeout(this.#idle)
    const worker = this.#worker
    this.#worker = undefined
    // Taken out at once: a request that comes meanwhile belongs to the thread that it starts.
    const waiting = this.#takeWaiting()
    await worker?.terminate()
    for (const { reject } of waiting) reject(new AppError('stopping', 'The server is stopping.'))
  }

  #started(): Worker {
    if (this.#worker) return this.#worker
    const worker = new Worker(this.#url, { name: 'file-work' })
    worker.on('message', (reply: FileReply) => this.#take(reply))
    worker.on('error', (error) => this.#lose(worker, error instanceof Error ? error : new Error(String(error))))
    worker.on('exit', (code) => this.#lose(worker, new Error(`The thread for files ended with code ${code}.`)))
    this.#worker = worker
    return worker
  }

  #take(reply: FileReply): void {
    const waiting = this.#waiting.get(reply.id)
    if (!waiting) return
    if (reply.kind === 'progress') {
      waiting.onProgress?.(reply.done, reply.total)
      return
    }
    this.#waiting.delete(reply.id)
    if (this.#waiting.size === 0) this.#idle = setTimeout(() => void this.close(), IDLE_MS).unref()
    if (reply.kind === 'done') waiting.resolve(reply.result)
    else waiting.reject(fromFailure(reply.error))
  }

  #lose(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    for (const { reject } of this.#takeWaiting()) reject(error)
  }

  #takeWaiting(): Waiting[] {
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    return waiting
  }
}
