import { connect, createServer, type Socket } from 'node:net'
import { Transform } from 'node:stream'

/** A port that stays the same while the server behind it is killed and comes back on another one. */
export interface Relay {
  /** `http://host:port`. */
  readonly url: string
  /** Ends every connection now; new ones are let through. */
  cut(): void
  /** False: new connections are refused, as if the network were gone. Ends the present ones. */
  setOpen(isOpen: boolean): void
  /** Holds each piece that arrives back for this long, one after the other, in both directions. */
  setDelay(delayMs: number): void
  close(): Promise<void>
}

/** @param target - Base URL of the server, asked at each connection. */
export async function startRelay(target: () => string, host = '127.0.0.1'): Promise<Relay> {
  const sockets = new Set<Socket>()
  let isOpen = true
  let delayMs = 0
  const slow = (): Transform =>
    new Transform({
      transform(piece, _encoding, done) {
        if (delayMs === 0) done(null, piece)
        else setTimeout(done, delayMs, null, piece)
      },
    })
  const server = createServer((socket) => {
    if (!isOpen) {
      socket.destroy()
      return
    }
    const { hostname, port } = new URL(target())
    const behind = connect(Number(port), hostname)
    for (const [one, other] of [
      [socket, behind],
      [behind, socket],
    ] as const) {
      sockets.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
      one.pipe(slow()).pipe(other)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the relay has no port')
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: `http://${host}:${address.port}`,
    cut,
    setOpen(open) {
      isOpen = open
      if (!open) cut()
    },
    setDelay(value) {
      delayMs = value
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        cut()
      }),
  }
}
