import { AppError } from '../../src-shared/errors.ts'
import { type Access, openAccess } from '../access/open-access.ts'
import type { PlainHttpRules } from '../access/plain-http/plain-http-policy.ts'
import { RoleStore } from '../access/roles/role-store.ts'
import { type Policy, readPolicy } from '../access/rules/policy.ts'
import { Rights } from '../access/rules/rights.ts'
import type { OpenLan } from '../access/sign-in/identity.ts'
import { createSecretBox } from '../access/tokens/key-file.ts'
import { Guard } from '../access/view/guard.ts'
import { ViewHistory } from '../access/view/view-history.ts'
import { isLoopbackHost, listLanUrls, localUrl } from '../config/lan-addresses.ts'
import type { ServerOptions } from '../config/options.ts'
import type { RunningServer, ServerServices } from '../config/services.ts'
import { systemClock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { listen, stopListening } from '../net/listen.ts'
import { createNetwork, type Network } from '../net/network.ts'
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
import { RequestLog } from './request-log/request-log.ts'
import { type Gateway, startGateway } from './sync/gateway.ts'

const NO_SOCKETS: SocketFigures = { sockets: 0, rooms: 0, queuedBytes: 0 }
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
  let access: Access | undefined
  try {
    const policy = readPolicy(options.dataDir)
    const guard = openGuard(store, policy)
    const roles = new RoleStore(store.system, policy.roles)
    access = await openAccess({
      ...options,
      roles,
      database: store.system,
      log,
      clock: systemClock,
      openLan: () => openLanOf(store, options.openLanRole),
    })
    return await serve(options, services, store, { access, guard, roles })
  } catch (error) {
    access?.close()
    await store.close()
    throw error
  }
}

async function serve(
  options: ServerOptions & Partial<HttpSettings>,
  { log, notify }: ServerServices,
  store: Store,
  { access, guard, roles }: { access: Access; guard: Guard; roles: RoleStore },
): Promise<RunningServer> {
  const settings = { ...DEFAULT_HTTP_SETTINGS, ...options }
  const callers = createCallers({ ...settings, isOpen: () => access.identity.isOpen })
  let gateway: Gateway | undefined
  let port = 0
  let openNetwork: Network | undefined
  let isStopping = false
  const socketFigures = (): SocketFigures => gateway?.figures() ?? NO_SOCKETS
  const writeRate = watchWriteRate(store)
  const requests = new RequestLog()
  const metrics = createMetrics({ store, version: options.version, socketFigures })
  const plainHttpRules = (): PlainHttpRules => ({
    isClosed: !access.identity.isOpen,
    isHttpsServed: openNetwork?.httpsPort() !== undefined,
    redirect: options.https?.redirect ?? false,
    allowsSigned: access.signed.isAllowed,
    isOpenLan: openLanOf(store, options.openLanRole) !== null,
  })
  const http: HttpServices = {
    store,
    access,
    guard,
    roles,
    log,
    callers,
    metrics,
    writeRate,
    answers: new AnswerCache(),
    requests,
    options,
    settings,
    startedAt: new Date().toISOString(),
    addresses: () => [
      { url: localUrl(options.host, port), kind: 'loopback' },
      ...listLanUrls(options.host, port).map((url) => ({ url, kind: 'lan' as const })),
    ],
    socketFigures,
    isStopping: () => isStopping,
    plainHttpRules,
    network() {
      // Made in the turn in which the server begins to listen: no request is older.
      if (!openNetwork) throw new Error('the server does not listen yet')
      return openNetwork
    },
  }
  const server = createHttpServer(http, routes)
  const proxies = trustProxies(settings.trustProxy ?? [])
  const limitListener = limitConnections(
    settings.clientLimits,
    (address) => isLoopbackAddress(address) || proxies.includes(address),
  )
  limitListener(server)
  port = await listen(server, { ...options, flag: '--port' })
  callers.setPort(port)
  const network = createNetwork({
    options,
    front: server,
    log,
    clock: systemClock,
    notify,
    limit: limitListener,
    identity: () => ({ port, serverId: store.serverId, branchIds: store.branchIds() }),
    checkEveryMs: settings.clientLimits.checkEveryMs,
    box: options.secretsKey === undefined ? undefined : createSecretBox(options.secretsKey),
  })
  openNetwork = network
  gateway = startGateway({ server, store, access, guard, callers, plainHttpRules, log, options, metrics, requests })
  if (access.identity.isOpen) warnAboutOpenDoors(options, log)
  const setupCode = access.firstManager.code
  if (setupCode !== undefined) notify({ kind: 'setup-code', code: setupCode })
  const stopDevices = reportDevices(socketFigures, (connected) => notify({ kind: 'devices', connected }))

  /** Devices need https once a manager exists. A port that is taken is told; this machine is served all the same. */
  async function serveHttpsWhenClosed(): Promise<void> {
    if (access.identity.isOpen || !options.https || isStopping) return
    try {
      await network.openHttps()
    } catch (error) {
      log.error('https-failed', { error })
      const message = error instanceof AppError ? error.message : 'The encrypted port could not be opened.'
      notify({ kind: 'problem', code: 'https-failed', message: `${message} Other devices are not served.` })
    }
  }

  let closing: Promise<void> | undefined
  async function close(): Promise<void> {
    isStopping = true
    stopDevices()
    const stopped = Promise.all([stopListening(server), network.close()])
    await gateway?.close()
    await stopped
    metrics.close()
    writeRate.close()
    access.close()
    await store.close()
  }
  if (options.https?.isAlwaysOn) {
    try {
      await network.openHttps()
    } catch (error) {
      await close()
      throw error
    }
  }
  access.onRights(() => void serveHttpsWhenClosed())
  await serveHttpsWhenClosed()
  return {
    url: localUrl(options.host, port),
    port,
    serverId: store.serverId,
    isOpen: access.identity.isOpen,
    close: () => (closing ??= close()),
  }
}

/** Branches whose setting admits private addresses without a token; null where none does. */
function openLanOf(store: Store, roleId: string): OpenLan | null {
  const branchIds = store.branchIds().filter((branchId) => isOpenLan(store, branchId))
  return branchIds.length > 0 ? { roleId, branchIds } : null
}

/** A branch that is closed for a moment, for a restore, admits nobody. */
function isOpenLan(store: Store, branchId: string): boolean {
  try {
    return store.getBranch(branchId).isOpenLan
  } catch {
    return false
  }
}

/** @throws AppError `invalid-policy`: rules that cannot be kept must not be taken for rules that are. */
function openGuard(store: Store, policy: Policy): Guard {
  const guard = new Guard(new Rights(policy), new ViewHistory(store.system))
  for (const branchId of store.branchIds()) {
    const branch = store.getBranch(branchId)
    for (const moduleId of branch.moduleIds()) guard.rights.check(branch.getModule(moduleId).definition)
  }
  return guard
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
