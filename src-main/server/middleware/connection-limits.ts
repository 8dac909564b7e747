import type { Server, Socket } from 'node:net'
import { peerAddress } from '../callers.ts'

export interface ConnectionLimits {
  /** Open connections of everybody together; the next one is dropped. */
  maxConnections: number
  /** Open connections of one address. */
  maxConnectionsPerAddress: number
}

/** A browser opens six connections, an app a few sockets; a router in between may stand for a whole branch. */
export const DEFAULT_CONNECTION_LIMITS: ConnectionLimits = { maxConnections: 6_000, maxConnectionsPerAddress: 256 }

/**
 * Counts the connections of all listeners of the server together and drops those above a limit before they cost a byte
 * of memory for a request.
 *
 * @param isExempt - Addresses that are not counted one by one: this machine, and proxies that stand for many.
 * @returns Call it for each listener before it listens.
 */
export function limitConnections(
  limits: ConnectionLimits,
  isExempt: (address: string) => boolean,
): (server: Server) => void {
  const open = new Map<string, number>()
  let total = 0
  return (server) => {
    server.on('connection', (socket: Socket) => {
      const address = peerAddress(socket)
      const count = open.get(address) ?? 0
      if (total >= limits.maxConnections || (count >= limits.maxConnectionsPerAddress && !isExempt(address))) {
        socket.destroy()
        return
      }
      total++
      open.set(address, count + 1)
      socket.once('close', () => {
        total--
        const left = (open.get(address) ?? 1) - 1
        if (left > 0) open.set(address, left)
        else open.delete(address)
      })
    })
  }
}
