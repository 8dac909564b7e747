import type { AddressInfo, Server as NetServer } from 'node:net'
import { AppError } from '../../src-shared/errors.ts'

/** A server of node:http or node:https. */
export interface HttpListener extends NetServer {
  closeIdleConnections(): void
  closeAllConnections(): void
}

/** How long running requests may take to finish when a listener closes. */
const CLOSE_GRACE_MS = 1_500
const IDLE_CHECK_MS = 20

/**
 * @param flag - The option that chooses the port, for the hint.
 * @returns The port.
 * @throws AppError `port-in-use`.
 */
export function listen(
  server: NetServer,
  { host, port, flag }: { host: string; port: number; flag: string },
): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(toListenError(cause, host, port, flag)))
    server.listen({ host, port }, () => {
      server.removeAllListeners('error')
      resolve((server.address() as AddressInfo).port)
    })
  })
}

function toListenError(cause: NodeJS.ErrnoException, host: string, port: number, flag: string): unknown {
  if (cause.code === 'EADDRINUSE') {
    return new AppError('port-in-use', `Port ${port} is in use by another program.`, {
      cause,
      details: { port },
      hint: `Stop the other program, or choose another port with ${flag}.`,
    })
  }
  if (cause.code === 'EACCES' || cause.code === 'EADDRNOTAVAIL') {
    return new AppError('port-in-use', `The server cannot listen on ${host}, port ${port} (${cause.code}).`, {
      cause,
      details: { port, host },
      hint: `Choose another address with --host or another port with ${flag}.`,
    })
  }
  return cause
}

/** Takes no new connections, lets running requests end, then ends what is left. */
export async function stopListening(server: HttpListener): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  // A keep-alive connection becomes idle only after its running answer.
  const idle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS)
  const deadline = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS)
  await closed
  clearInterval(idle)
  clearTimeout(deadline)
}
