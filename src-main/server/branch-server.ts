import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AppError } from '../../src-shared/errors.ts'
import { isLoopbackHost, listLanUrls, localUrl } from '../config/lan-addresses.ts'
import type { ServerOptions } from '../config/options.ts'
import type { RunningServer, ServerServices } from '../config/services.ts'
import type { Log } from '../lib/log.ts'
import type { Store } from '../store/api.ts'
import { openStore } from '../store/open-store.ts'
import { createCallers, isLoopbackAddress } from './callers.ts'
import { AnswerCache } from './http/answer-cache.ts'
import { createHttpServer } from './http/http-server.ts'
import { createMetrics } from './http/metrics.ts'
import { routes } from './http/routes.ts'
import { DEFAULT_HTTP_SETTINGS, type HttpServices, type HttpSettings, type SocketFigures } from './http/services.ts'
import { watchWriteRate } from './http/write-rate.ts'
import { limitConnections } from './middleware/connection-limits.ts'
import { trustProxies } from './middleware/trusted-proxy.ts'
import { type Gateway, startGateway } from './sync/gateway.ts'

const NO_SOCKETS: SocketFigures = { sockets: 0, rooms: 0, queuedBytes: 0 }
/** How long running requests may take to finish when the server closes. */
const CLOSE_GRACE_MS = 1_500
const IDLE_CHECK_MS = 20

/**
 * Opens the store in the data folder (which the caller holds) and serves it over HTTP and WebSocket.
 *
 * @throws AppError `port-in-use`, or what opening the store throws; nothing stays open then.
 */
export async function startBranchServer(
  options: ServerOptions & Partial<HttpSettings>,
  services: ServerServices,
): Promise<RunningServer> {
  const { log } = services
  const store = await openStore({ ...options, log })
  try {
    return await serve(options, services, store)
  } catch (error) {
    await store.close()
    throw error
  }
}

async function serve(
  options: ServerOptions & Partial<HttpSettings>,
  { log, notify }: ServerServices,
  store: Store,
): Promise<RunningServer> {
  const settings = { ...DEFAULT_HTTP_SETTINGS, ...options }
  const callers = createCallers(settings)
  let gateway: Gateway | undefined
  let port = 0
  let isStopping = false
  const socketFigures = (): SocketFigures => gateway?.figures() ?? NO_SOCKETS
  const writeRate = watchWriteRate(store)
  const metrics = createMetrics({ store, version: options.version, socketFigures })
  const http: HttpServices = {
    store,
    log,
    callers,
    metrics,
    writeRate,
    answers: new AnswerCache(),
    options,
    settings,
    startedAt: new Date().toISOString(),
    addresses: () => [
      { url: localUrl(options.host, port), kind: 'loopback' },
      ...listLanUrls(options.host, port).map((url) => ({ url, kind: 'lan' as const })),
    ],
    socketFigures,
    isStopping: () => isStopping,
  }
  const server = createHttpServer(http, routes)
  const proxies = trustProxies(settings.trustProxy ?? [])
  const limitListener = limitConnections(
    settings.clientLimits,
    (address) => isLoopbackAddress(address) || proxies.includes(address),
  )
  limitListener(server)
  port = await listen(server, options)
  callers.setPort(port)
  gateway = startGateway({ server, store, callers, log, options, metrics })
  warnAboutOpenDoors(options, log)
  const stopDevices = reportDevices(socketFigures, (connected) => notify({ kind: 'devices', connected }))

  let closing: Promise<void> | undefined
  async function close(): Promise<void> {
    isStopping = true
    stopDevices()
    const stopped = stopListening(server)
    await gateway?.close()
    await stopped
    metrics.close()
    writeRate.close()
    await store.close()
  }
  return {
    url: localUrl(options.host, port),
    port,
    serverId: store.serverId,
    close: () => (closing ??= close()),
  }
}

/** Resolves with the port. */
function listen(server: Server, { host, port }: { host: string; port: number }): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(toListenError(cause, host, port)))
    server.listen({ host, port }, () => {
      server.removeAllListeners('error')
      resolve((server.address() as AddressInfo).port)
    })
  })
}

function toListenError(cause: NodeJS.ErrnoException, host: string, port: number): unknown {
  if (cause.code === 'EADDRINUSE') {
    return new AppError('port-in-use', `Port ${port} is in use by another program.`, {
      cause,
      details: { port },
      hint: 'Stop the other program, or choose another port with --port.',
    })
  }
  if (cause.code === 'EACCES' || cause.code === 'EADDRNOTAVAIL') {
    return new AppError('port-in-use', `The server cannot listen on ${host}, port ${port} (${cause.code}).`, {
      cause,
      details: { port, host },
      hint: 'Choose another address with --host or another port with --port.',
    })
  }
  return cause
}

/** Takes no new connections, lets running requests end, then ends what is left. */
async function stopListening(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  // A keep-alive connection becomes idle only after its running answer.
  const idle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS)
  const deadline = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS)
  await closed
  clearInterval(idle)
  clearTimeout(deadline)
}

/** Before people exist everyone who is admitted is an administrator: say so where it reaches beyond this machine. */
function warnAboutOpenDoors(options: ServerOptions, log: Log): void {
  if (isLoopbackHost(options.host)) return
  const message = 'Every device of the local network is admitted as an administrator without signing in.'
  log.warn('network-open', { message, host: options.host })
}

const DEVICES_EVERY_MS = 2_000

/** Tells how many sockets are open whenever that changed. */
function reportDevices(figures: () => SocketFigures, report: (connected: number) => void): () => void {
  let last = 0
  const timer = setInterval(() => {
    const { sockets } = figures()
    if (sockets !== last) report(sockets)
    last = sockets
  }, DEVICES_EVERY_MS)
  timer.unref()
  return () => clearInterval(timer)
}
