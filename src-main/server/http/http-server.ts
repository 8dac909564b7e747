import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import Koa, { type Context } from 'koa'
import { AppError, isAppError } from '../../../src-shared/errors.ts'
import { SIGNATURE_HEADER } from '../../../src-shared/signing/signed-text.ts'
import { isDenial, noteDenial } from '../../access/audit/denials.ts'
import { httpsRequired, judgePlainHttp } from '../../access/plain-http/plain-http-policy.ts'
import type { SignedCaller } from '../../access/plain-http/signed-callers.ts'
import type { Principal } from '../../access/principal.ts'
import { originOf } from '../../access/sign-in/lockout.ts'
import { isPublicDoor } from '../../access/sign-in/public-doors.ts'
import { toAppError } from '../../store/sqlite/connection.ts'
import { hostNameOf, isLoopbackAddress, type NetworkCaller, peerAddress } from '../callers.ts'
import { answerOptions, corsHeaders } from '../middleware/cors.ts'
import { createRateLimiter, limitOf, type RateLimiter } from '../middleware/rate-limit.ts'
import { type AnsweredRequest, keptName, outcomeOf } from '../request-log/request-log.ts'
import { REQUEST_LOG_PATH } from '../request-log/request-log-routes.ts'
import { writeAnswer, writeError } from './answer.ts'
import { Call, type CallIdentity } from './call.ts'
import { Dispatcher } from './dispatch.ts'
import type { Route } from './route.ts'
import type { HttpServices } from './services.ts'
import { createStaticFiles, type StaticFiles } from './static-files.ts'

/** Longer than browsers keep an idle connection, so that they close first and never meet a closing one. */
const KEEP_ALIVE_MS = 65_000
const SLOW_REQUEST_MS = 2_000
/** Pages load many files, and cost little. */
const PAGES_FACTOR = 5
/** What is no request gets one line. Other failures of the parser are 400. */
const CLIENT_ERRORS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

/** Paths that answer whoever can name the server: a monitor needs no account, a device that trusts nobody yet has none. */
const PUBLIC_PATHS = new Set(['/healthz', '/livez', '/readyz', '/trust', '/trust/ca.crt', '/trust/style.css'])

/**
 * The HTTP server, not listening yet.
 *
 * Every request passes one function: admission, limits, the route, and the translation of what it throws. A stack of
 * small middleware would cost a promise a layer on each request. Lists that were read at the module's present position
 * leave before the framework is asked.
 */
export function createHttpServer(services: HttpServices, routes: readonly Route[]): Server {
  const { options, settings } = services
  const handler: Handler = {
    services,
    dispatcher: new Dispatcher(routes),
    limiter: options.rateLimit ? createRateLimiter(settings.requestsPer15Minutes) : undefined,
    files: createStaticFiles({
      consoleDir: options.consoleDir,
      clientDir: options.clientDir,
      appsDir: options.appsDir,
      ...(settings.staticDir !== undefined && { staticDir: settings.staticDir }),
    }),
  }
  const app = new Koa()
  /** Koa's own chain would wait for the end of each answer, to write what the route left and to print what it threw. */
  const runApp = (request: IncomingMessage, response: ServerResponse): void => {
    handle(handler, app.createContext(request, response)).catch((error: unknown) => {
      services.log.error('request-failed', { path: request.url, error })
      response.destroy()
    })
  }
  const { clientLimits } = settings
  const server = createServer(
    {
      headersTimeout: clientLimits.headersTimeoutMs,
      requestTimeout: clientLimits.requestTimeoutMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: clientLimits.checkEveryMs,
    },
    (request, response) => {
      if (!sendKept(handler, request, response)) runApp(request, response)
    },
  )
  server.on('clientError', (error, socket) => {
    const code = 'code' in error ? String(error.code) : ''
    if (socket.writable) socket.end(`HTTP/1.1 ${CLIENT_ERRORS[code] ?? '400 Bad Request'}\r\nConnection: close\r\n\r\n`)
  })
  return server
}

interface Handler {
  services: HttpServices
  dispatcher: Dispatcher
  limiter: RateLimiter | undefined
  files: StaticFiles
}

/** True when the answer is known and on its way. What needs more than that (a refusal, a limit) goes the long way. */
function sendKept({ services, limiter }: Handler, request: IncomingMessage, response: ServerResponse): boolean {
  if (request.method !== 'GET' || services.isStopping()) return false
  const { url = '' } = request
  const kept = services.answers.findCurrent(url, services.store)
  if (!kept) return false
  const startedAt = performance.now()
  const admission = services.callers.admit(request)
  if (admission.kind === 'refused') return false
  const { isLoopback, isSecure } = admission.caller
  if (!isLoopback && (limiter || !isSecure)) return false
  const principal = findUnrestricted(services, request, admission.caller)
  if (!principal) return false
  const common = [...corsHeaders(admission.caller)]
  const call = new Call(services, request, response, admission.caller, splitTarget(url), common, { principal })
  call.sendKept(kept).then(
    () => {
      const milliseconds = performance.now() - startedAt
      services.metrics.countRequest('GET', true, milliseconds / 1000)
      noteRequest(services, call, { startedAt, milliseconds })
    },
    (error: unknown) => fail(services, request, response, error, common),
  )
  return true
}

async function handle(handler: Handler, ctx: Context): Promise<void> {
  const { services } = handler
  const { req: request, res: response } = ctx
  const startedAt = performance.now()
  const target = splitTarget(request.url ?? '/')
  const isApi = target.path.startsWith('/api/') || target.path.startsWith('/branches')
  const common: string[] = []
  let failure: unknown
  try {
    await answer(handler, ctx, target, isApi, common)
  } catch (error) {
    failure = limitRefusals(handler, ctx, error)
    if (isAppError(failure)) noteRefusal(services, ctx, target.path, failure)
    fail(services, request, response, failure, common)
  }
  const milliseconds = performance.now() - startedAt
  services.metrics.countRequest(request.method ?? '', isApi, milliseconds / 1000)
  const call = ctx.state.call as Call | undefined
  if (failure !== undefined) noteFailed(services, ctx, target.path, { startedAt, milliseconds }, failure)
  else if (isApi && call && target.path !== REQUEST_LOG_PATH) noteRequest(services, call, { startedAt, milliseconds })
  if (milliseconds > SLOW_REQUEST_MS) {
    const { method } = request
    services.log.warn('request-slow', { method, path: target.path, durationMs: Math.round(milliseconds) })
  }
}

/**
 * Admission comes before CORS: a page that may not call learns nothing.
 *
 * @param common - Filled with the headers that the answer gets whatever it is, a failure included.
 */
async function answer(
  { services, dispatcher, limiter, files }: Handler,
  ctx: Context,
  target: { path: string; search: string },
  isApi: boolean,
  common: string[],
): Promise<void> {
  const { req: request, res: response } = ctx
  const isForAnyone = request.method === 'OPTIONS' || PUBLIC_PATHS.has(target.path)
  const admission = isForAnyone ? services.callers.admitAnyone(request) : services.callers.admit(request)
  if (admission.kind === 'refused') throw admission.error
  const { caller } = admission
  ctx.state.caller = caller
  common.push(...corsHeaders(caller))
  if (request.method === 'OPTIONS') {
    answerOptions(request, response, caller)
    return
  }
  const plain = caller.isSecure ? 'serve' : judgePlain(services, ctx, caller, target.path, common)
  if (plain === 'redirected') return
  if (services.isStopping()) {
    common.push('Connection', 'close')
    if (target.path !== '/livez') throw new AppError('stopping', 'The server is stopping.')
  }
  const identity: CallIdentity = plain === 'serve' ? await identify(services, request, caller) : plain
  if (limiter && !caller.isLoopback) {
    const { key, factor } = limitOf(identity.principal, caller.address)
    const size = services.settings.requestsPer15Minutes * factor
    if (isApi) {
      const { headers, refusal } = limiter.tryTake(key, size)
      common.push(...headers)
      if (refusal) throw refusal
    } else if (!isForAnyone && !services.access.identity.isOpen) limiter.take(`pages ${key}`, size * PAGES_FACTOR)
  }
  if (!isApi && (await files.serve(request, response, target.path, common))) return
  const call = new Call(services, request, response, caller, target, common, identity)
  ctx.state.call = call
  if (!isPublicDoor(request.method ?? '', target.path)) call.requireSignIn()
  await dispatcher.run(ctx, call)
}

/**
 * A stranger whom a closed branch refuses again and again is told to wait instead, before anything is written down. These
 * have a bucket of their own: whoever shares the address still signs in, and is told when the password was wrong.
 *
 * @returns What the caller is told: the failure, or `rate-limited`.
 */
function limitRefusals({ services, limiter }: Handler, { req, state }: Context, failure: unknown): unknown {
  if (!limiter || !isAppError(failure) || !isDenial(failure)) return failure
  if (services.access.identity.isOpen || (state.call as Call | undefined)?.principalOrNone) return failure
  const peer = peerAddress(req.socket)
  // No caller yet when the door itself was refused.
  const caller = state.caller as NetworkCaller | undefined
  const { address, isLoopback } = caller ?? { address: peer, isLoopback: isLoopbackAddress(peer) }
  if (isLoopback) return failure
  return limiter.tryTake(`refused ${originOf(null, address)}`).refusal ?? failure
}

type Timing = Pick<AnsweredRequest, 'startedAt' | 'milliseconds'>

/** Puts an answered request into the log of those who look on. */
function noteRequest({ requests }: HttpServices, call: Call, { startedAt, milliseconds }: Timing): void {
  const { request, response, params, network } = call
  requests.add({
    kind: 'http',
    method: request.method ?? '',
    path: keptName(call.path),
    branchId: params.branchId,
    table: params.table,
    startedAt,
    milliseconds,
    principal: call.principalOrNone,
    address: network.address,
    status: response.statusCode,
    code: undefined,
    rule: undefined,
  })
}

function noteFailed(
  { requests }: HttpServices,
  { req, state }: Context,
  path: string,
  { startedAt, milliseconds }: Timing,
  failure: unknown,
): void {
  const call = state.call as Call | undefined
  const outcome = outcomeOf(toAppError(failure))
  requests.add({
    kind: 'http',
    method: req.method ?? '',
    path: keptName(path),
    branchId: call?.params.branchId,
    startedAt,
    milliseconds,
    principal: call?.principalOrNone,
    address: call?.network.address ?? peerAddress(req.socket),
    ...outcome,
    table: outcome.table ?? call?.params.table,
  })
}

function noteRefusal({ access, log }: HttpServices, { req, state }: Context, path: string, error: AppError): void {
  const call = state.call as Call | undefined
  const address = (state.caller as NetworkCaller | undefined)?.address ?? peerAddress(req.socket)
  const asked = { principal: call?.principalOrNone, address, subject: `${req.method} ${path}` }
  noteDenial(access, error, asked, (failure) => log.error('audit-failed', { error: failure }))
}

/** What the caller showed, judged; a refusal waits until it is known whether the door needs somebody at all. */
async function identify(
  { access }: HttpServices,
  request: IncomingMessage,
  caller: NetworkCaller,
): Promise<CallIdentity> {
  try {
    return { principal: await access.identity.judge(request, caller) }
  } catch (error) {
    return { error }
  }
}

/** Kept answers hold everything: they are for callers from whom nothing is hidden, and whose token was seen before. */
function findUnrestricted(
  { access, guard }: HttpServices,
  request: IncomingMessage,
  caller: NetworkCaller,
): Principal | undefined {
  try {
    const principal = access.identity.judge(request, caller)
    if (principal === undefined || principal instanceof Promise) return undefined
    return guard.isRestricted(principal) ? undefined : principal
  } catch {
    return undefined // refused in words on the long way
  }
}

/**
 * Keeps plain http to what it may serve.
 *
 * @returns `redirected` when the answer has sent the request to https, or a person to the page that says where https is; who
 *   signed it, when it is signed.
 * @throws AppError `https-required`, `signature-invalid`, `clock-wrong`, `session-ended`.
 */
function judgePlain(
  services: HttpServices,
  { req: request, res: response }: Context,
  { isSecure, isLoopback }: NetworkCaller,
  path: string,
  common: readonly string[],
): 'serve' | 'redirected' | SignedCaller {
  const { method = '', headers, url = '/' } = request
  const signature = headers[SIGNATURE_HEADER]
  const isSigned = typeof signature === 'string'
  if (isLoopback && !isSigned) return 'serve'
  const isNavigation = headers['sec-fetch-mode'] === 'navigate' || headers.accept?.startsWith('text/html') === true
  const asked = { method, path, isSecure, isLoopback, isNavigation, isSigned }
  const rules = services.plainHttpRules()
  const { signed } = services.access
  const verdict = judgePlainHttp(asked, rules)
  if (verdict === 'serve') return 'serve'
  if (verdict === 'verify-signature' && isSigned) return signed.verify({ method, target: url, signature })
  if (verdict === 'refuse' && isNavigation && method === 'GET') {
    const location = `/trust?from=${encodeURIComponent(path)}`
    writeAnswer(response, { status: 307, type: 'text/plain', headers: ['Location', location] }, common)
    return 'redirected'
  }
  const port = services.network().httpsPort()
  const host = hostNameOf(headers.host ?? '')
  if (verdict !== 'redirect' || port === undefined || host === undefined || !url.startsWith('/')) {
    throw httpsRequired(rules.allowsSigned ? signed.terms() : undefined)
  }
  const location = `https://${host.includes(':') ? `[${host}]` : host}:${port}${url}`
  // Not for ever: https may be switched off again.
  writeAnswer(response, { status: 307, type: 'text/plain', headers: ['Location', location] }, common)
  return 'redirected'
}

/** The border where every failure becomes an answer. */
function fail(
  services: HttpServices,
  request: IncomingMessage,
  response: ServerResponse,
  cause: unknown,
  common: readonly string[],
): void {
  const error = toAppError(cause)
  const known = isAppError(error)
  const code = known ? error.code : 'internal'
  services.metrics.countError(code)
  const traceId = traceIdOf(request)
  if (!known || error.status >= 500) services.log.error('request-failed', { traceId, code, path: request.url, error })
  if (response.headersSent) {
    // The status is out already: only a broken connection can tell the client that the answer is incomplete.
    response.destroy()
    return
  }
  if (!response.destroyed) writeError(request, response, error, traceId, common)
}

/** The caller's trace where it sends one (W3C Trace Context), else a new one. */
function traceIdOf(request: IncomingMessage): string {
  const parent = request.headers.traceparent
  const sent = typeof parent === 'string' ? /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(parent)?.[1] : undefined
  return sent ?? randomBytes(16).toString('hex')
}

/** Splits without normalising: what looks like `..` stays a name that nothing has. */
function splitTarget(url: string): { path: string; search: string } {
  const hash = url.indexOf('#')
  const target = hash === -1 ? url : url.slice(0, hash)
  const mark = target.indexOf('?')
  return mark === -1 ? { path: target, search: '' } : { path: target.slice(0, mark), search: target.slice(mark + 1) }
}
