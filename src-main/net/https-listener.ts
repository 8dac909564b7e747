import type { Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { Server as NetServer } from 'node:net'
import { listen, stopListening } from './listen.ts'

export interface TlsMaterial {
  /** PEM. */
  key: string
  cert: string
}

export interface HttpsListener {
  readonly port: number
  /** New connections get the new certificate; open ones live on. */
  update(material: TlsMaterial): void
  /** May be called twice. */
  close(): Promise<void>
}

export interface HttpsListenerInput {
  /** Answers requests and takes upgrades; its limits of time hold here too. */
  front: Server
  host: string
  /** 0 picks a free one. */
  port: number
  material: TlsMaterial
  /** Called with the listener before it listens. */
  limit(server: NetServer): void
  checkEveryMs: number
}

const HANDSHAKE_TIMEOUT_MS = 10_000

/**
 * Encrypts what the plain server does: every request, upgrade and broken client is handed to it, so that there is one
 * place that answers, with one set of rules.
 *
 * @throws AppError `port-in-use`.
 */
export async function listenHttps(input: HttpsListenerInput): Promise<HttpsListener> {
  const { front } = input
  const server = createHttpsServer({
    ...input.material,
    minVersion: 'TLSv1.2',
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    headersTimeout: front.headersTimeout,
    requestTimeout: front.requestTimeout,
    keepAliveTimeout: front.keepAliveTimeout,
    connectionsCheckingInterval: input.checkEveryMs,
  })
  for (const event of ['request', 'upgrade', 'clientError'] as const) {
    server.on(event, (...handed: unknown[]) => void front.emit(event, ...handed))
  }
  // A client that does not trust us, scanners, plain http on this port: theirs to see, nothing to log.
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  input.limit(server)
  const port = await listen(server, { host: input.host, port: input.port, flag: '--https-port' })
  let closing: Promise<void> | undefined
  return {
    port,
    update: (material) => server.setSecureContext({ ...material, minVersion: 'TLSv1.2' }),
    close: () => (closing ??= stopListening(server)),
  }
}
