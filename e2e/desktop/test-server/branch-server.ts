import { appendFileSync, closeSync, existsSync, fsyncSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import type { ServerOptions } from '../../../src-main/config/options.ts'
import type { RunningServer, ServerServices } from '../../../src-main/config/services.ts'
import { AppError } from '../../../src-shared/errors.ts'

/**
 * The least that keeps the interface of the branch server: tests of processes and windows need something that listens,
 * writes and closes. It also crashes on demand, which the real one must not.
 *
 *   GET  /healthz          {"status":"ok"}
 *   POST /lines            appends the body as a line, answers after fsync
 *   POST /crash            throws outside of any request
 *   POST /hang             blocks the thread for good
 */
export async function startBranchServer(options: ServerOptions, services: ServerServices): Promise<RunningServer> {
  const path = join(options.dataDir, 'system.db')
  const descriptor = openSync(path, 'a')
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => {
      body += chunk
    })
    request.on('end', () => {
      if (request.url === '/crash') setImmediate(() => throwCrash())
      if (request.url === '/hang')
        while (existsSync(path)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
      if (request.url === '/lines') {
        appendFileSync(descriptor, `${body}\n`)
        fsyncSync(descriptor)
      }
      response.setHeader('content-type', 'application/json')
      response.setHeader('access-control-allow-origin', '*')
      response.end('{"status":"ok"}')
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      const isTaken = 'code' in error && error.code === 'EADDRINUSE'
      reject(isTaken ? new AppError('port-in-use', `Port ${options.port} is in use by another program.`) : error)
    })
    server.listen(options.port, options.host, resolve)
  })
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : options.port
  services.log.info('test-server-ready', { port })
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    await new Promise((resolve) => {
      server.close(resolve)
      server.closeIdleConnections()
    })
    closeSync(descriptor)
    writeFileSync(join(options.dataDir, 'closed-cleanly'), '')
  }
  rmSync(join(options.dataDir, 'closed-cleanly'), { force: true })
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    serverId: 'test-server',
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

function throwCrash(): never {
  throw new Error('crashed on demand')
}
