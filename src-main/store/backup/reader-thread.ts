import { parentPort } from 'node:worker_threads'
import { carryOut, type ReaderRequest } from './reader-work.ts'

// The thread that reads whole databases, so that no tablet waits for a backup. One request after the other.
parentPort?.on('message', (request: ReaderRequest) => {
  carryOut(request, (reply) => parentPort?.postMessage(reply))
})
