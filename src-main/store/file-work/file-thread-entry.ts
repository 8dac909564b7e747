import { parentPort } from 'node:worker_threads'
import { carryOut, type FileRequest } from './file-work.ts'

// Work on whole database files, one request after the other.
parentPort?.on('message', (request: FileRequest) => {
  carryOut(request, (reply) => parentPort?.postMessage(reply))
})
