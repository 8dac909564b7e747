import { Worker } from 'node:worker_threads'
import { AppError } from '../../../src-shared/errors.ts'
import {
  fromFailure,
  type ReaderKind,
  type ReaderReply,
  type ReaderRequest,
  type ReaderRequests,
} from './reader-work.ts'

interface Waiting {
  resolve(result: unknown): void
  reject(error: Error): void
  onProgress: ((done: number, total: number) => void) | undefined
}

/** The reading thread as its users see it: started with the first request, ended by `close`. */
export class ReaderThread {
  readonly #url: URL
  readonly #waiting = new Map<number, Waiting>()
  #worker: Worker | undefined
  #lastId = 0

  /** @param url - Where the thread's code is; another place in a bundle. */
  constructor(url: URL = new URL('./reader-thread.ts', import.meta.url)) {
    this.#url = url
  }

  run<Kind extends ReaderKind>(
    kind: Kind,
    args: ReaderRequests[Kind]['args'],
    onProgress?: (done: number, total: number) => void,
  ): Promise<ReaderRequests[Kind]['result']> {
    const request: ReaderRequest<Kind> = { id: ++this.#lastId, kind, args }
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.id, {
        resolve: (result) => resolve(result as ReaderRequests[Kind]['result']),
        reject,
        onProgress,
      })
      this.#started().postMessage(request)
    })
  }

  /** Ends the thread, whatever it does; what waits fails. May be called twice, and followed by another `run`. */
  async close(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
    this.#failAll(new AppError('stopping', 'The server is stopping.'))
  }

  #started(): Worker {
    if (this.#worker) return this.#worker
    const worker = new Worker(this.#url, { name: 'reader' })
    worker.on('message', (reply: ReaderReply) => this.#take(reply))
    worker.on('error', (error) => this.#lose(worker, error instanceof Error ? error : new Error(String(error))))
    worker.on('exit', (code) => this.#lose(worker, new Error(`The reading thread ended with code ${code}.`)))
    this.#worker = worker
    return worker
  }

  #take(reply: ReaderReply): void {
    const waiting = this.#waiting.get(reply.id)
    if (!waiting) return
    if (reply.kind === 'progress') {
      waiting.onProgress?.(reply.done, reply.total)
      return
    }
    this.#waiting.delete(reply.id)
    if (reply.kind === 'done') waiting.resolve(reply.result)
    else waiting.reject(fromFailure(reply.error))
  }

  #lose(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    this.#failAll(error)
  }

  #failAll(error: Error): void {
    for (const waiting of [...this.#waiting.values()]) waiting.reject(error)
    this.#waiting.clear()
  }
}
