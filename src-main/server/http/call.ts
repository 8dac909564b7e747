import type { IncomingMessage, ServerResponse } from 'node:http'
import type { z } from 'zod'
import { AppError, type FieldError } from '../../../src-shared/errors.ts'
import { parseBranchId, parseModuleId } from '../../../src-shared/ids.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src-shared/json.ts'
import { PROTOCOLS } from '../../../src-shared/protocol/version.ts'
import type { Principal } from '../../access/principal.ts'
import { rightsOf } from '../../access/view/guarded-module.ts'
import type { BranchStore, ModuleStore } from '../../store/api.ts'
import type { Caller } from '../../store/types.ts'
import type { NetworkCaller } from '../callers.ts'
import { type Answer, type HeaderList, JSON_TYPE, writeAnswer } from './answer.ts'
import type { KeptAnswer } from './answer-cache.ts'
import { readJsonBody } from './body.ts'
import { compressAnswer, encodingFor, MIN_COMPRESSED } from './compression.ts'
import { encodeText } from './encode.ts'
import { positionTag } from './position-tag.ts'
import type { HttpServices } from './services.ts'

const NO_PARAMS: Readonly<Record<string, string>> = {}

/** Whom a request acts for, as the border found out. */
export interface CallIdentity {
  principal?: Principal | undefined
  error?: unknown
  /** Of a signed request. */
  bodyHash?: string | undefined
}

/** One request and its answer, as the routes see them. */
export class Call {
  readonly services: HttpServices
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly network: NetworkCaller
  /** Headers of the answer that do not depend on the route: CORS, limits. */
  readonly common: string[]
  /** The path as sent, without query. */
  readonly path: string
  /** The text after `?`, empty without one. */
  readonly search: string
  params: Readonly<Record<string, string | undefined>> = NO_PARAMS
  /** The caller; undefined at a public door for somebody who has not signed in. */
  readonly principalOrNone: Principal | undefined
  /** Why what the caller showed was not taken, at a public door. */
  readonly identityError: unknown
  /** What the body must hash to, of a device that signed the request; undefined for all others. */
  readonly signedBodyHash: string | undefined
  /** The route wrote its own entry of the audit log. */
  isNoted = false
  /** The branch that the query or body named, for who writes down what was done. */
  namedBranchId: string | undefined
  #query: URLSearchParams | undefined
  #needsSignIn = false

  constructor(
    services: HttpServices,
    request: IncomingMessage,
    response: ServerResponse,
    network: NetworkCaller,
    target: { path: string; search: string },
    common: string[],
    identity: CallIdentity,
  ) {
    const { principal } = identity
    // Whatever a route asks the store, it asks as this caller.
    this.services =
      principal && services.guard.isRestricted(principal)
        ? { ...services, store: services.guard.storeFor(principal, services.store) }
        : services
    this.request = request
    this.response = response
    this.network = network
    this.path = target.path
    this.search = target.search
    this.common = common
    this.principalOrNone = identity.principal
    this.identityError = identity.error
    this.signedBodyHash = identity.bodyHash
  }

  /** Whom the request acts for. @throws AppError `unauthorized` at a public door without signing in. */
  get principal(): Principal {
    if (this.principalOrNone) return this.principalOrNone
    throw this.identityError ?? new AppError('unauthorized', 'Sign in first.')
  }

  /** @throws AppError `unauthorized`, or why what the caller showed was not taken. */
  requireSignIn(): void {
    void this.principal
    this.#needsSignIn = true
  }

  get query(): URLSearchParams {
    this.#query ??= new URLSearchParams(this.search)
    return this.#query
  }

  header(name: string): string | undefined {
    const value = this.request.headers[name]
    return typeof value === 'string' ? value : undefined
  }

  /** A path parameter, percent-decoded once. */
  param(name: string): string {
    return this.params[name] ?? ''
  }

  /** The branch of the path. Throws `invalid-name`, `branch-not-found`, for one that the caller may not enter as well. */
  branch(): BranchStore {
    const branchId = parseBranchId(this.param('branchId'))
    this.requireSignIn()
    return this.services.store.getBranch(branchId)
  }

  /** The module of the path. Throws `invalid-name`, `branch-not-found`, `module-not-found`. */
  module(): ModuleStore {
    return this.branch().getModule(parseModuleId(this.param('moduleId')))
  }

  parseQuery<Schema extends z.ZodObject>(
    schema: Schema | undefined,
    aliases: Readonly<Record<string, string>> = {},
  ): z.output<Schema> | undefined {
    if (schema === undefined) return undefined
    const values: Record<string, string> = {}
    if (this.search === '') return check(schema, values, 'query parameter')
    const given = new Set<string>()
    for (const [sent, value] of this.query) {
      const name = aliases[sent] ?? sent
      if (name !== sent) values[name] ??= value
      else {
        // Repeated parameters are lists: `?a=1&a=2` reads as `1,2`.
        values[name] = given.has(name) ? `${values[name]},${value}` : value
        given.add(name)
      }
    }
    return check(schema, values, 'query parameter')
  }

  async parseBody<Schema extends z.ZodType>(schema: Schema): Promise<z.output<Schema>> {
    return check(schema, (await this.readBody()) ?? {}, 'field')
  }

  /**
   * The JSON body; undefined when there is none. It arrives when the sender likes: the caller is asked for again then, so
   * that a request begun while everybody was let in, or before a dismissal, does nothing afterwards.
   */
  async readBody(): Promise<JsonValue | undefined> {
    const { settings, access } = this.services
    const { bodyLimitBytes: maxBytes, bodyMaxDepth: maxDepth } = settings
    const body = await readJsonBody(this.request, { maxBytes, maxDepth, sha256: this.signedBodyHash })
    if (this.#needsSignIn) access.identity.confirm(this.principal)
    return body
  }

  /** A body that is an object. Throws `missing-record` for none and `invalid-request` for another type. */
  async readObject(): Promise<JsonObject> {
    const body = await this.readBody()
    if (isJsonObject(body)) return body
    if (body === undefined || body === null) throw new AppError('missing-record', 'The request carries no JSON object.')
    throw new AppError('invalid-request', 'The body must be a JSON object.')
  }

  /** 2 when the request says so, carries a token or is signed; 1 undeclared. Throws `protocol-unsupported`. */
  protocol(): 1 | 2 {
    const { headers } = this.request
    const declared = headers['mishkah-protocol'] ?? (this.search === '' ? null : this.query.get('protocol'))
    const isOurs = this.signedBodyHash !== undefined || headers.authorization?.startsWith('Bearer ')
    if (declared === null) return isOurs ? 2 : 1
    const version = PROTOCOLS.find((known) => String(known) === declared)
    if (version) return version
    throw new AppError('protocol-unsupported', 'This server speaks the protocols 1 and 2.', {
      details: { protocols: [...PROTOCOLS] },
    })
  }

  /** Who writes, as the store needs it. */
  caller(branch: BranchStore): Caller {
    const protocol = this.protocol()
    const { principal } = this
    const isLegacy = protocol === 1 && branch.isLegacyAllowed && this.services.access.mayBeLegacy(principal)
    const userId = principal.uid ?? undefined
    const caller: Caller = { protocol, isLegacy, label: this.network.address, ...(userId !== undefined && { userId }) }
    return this.request.headers['idempotency-key'] === undefined ? caller : { ...caller, clientId: ownerOf(principal) }
  }

  /**
   * The Idempotency-Key, a quoted or a plain text of up to 256 characters; undefined without one.
   *
   * @throws AppError `invalid-request` when it is empty or too long.
   */
  idempotencyKey(): string | undefined {
    const sent = this.header('idempotency-key')
    if (sent === undefined) return undefined
    const key = /^"(.*)"$/.exec(sent)?.[1]?.replace(/\\(["\\])/g, '$1') ?? sent
    if (key !== '' && key.length <= 256) return key
    throw new AppError('invalid-request', 'The Idempotency-Key must have 1 to 256 characters.')
  }

  /** Answers with JSON text that is complete already. */
  sendText(status: number, text: string | Buffer, headers?: HeaderList): void {
    writeAnswer(this.response, { status, type: JSON_TYPE, body: text, ...(headers && { headers }) }, this.common)
  }

  send(status: number, value: object, headers?: HeaderList): void {
    this.sendText(status, JSON.stringify(value), headers)
  }

  /** An answer that may be compressed and revalidated: reads, not the answers to writes. */
  async sendReadable(body: string | Buffer, options: { etag?: string } = {}): Promise<void> {
    const headers: HeaderList = ['Vary', 'Accept-Encoding, Origin']
    if (options.etag) headers.push('ETag', options.etag)
    const cache = options.etag ? 'private, no-cache' : 'no-store'
    const answer: Answer = { status: 200, type: JSON_TYPE, body, cache, headers }
    const encoding = encodingFor(this.request)
    const packed = encoding && body.length >= MIN_COMPRESSED ? await compressAnswer(answer, encoding) : answer
    writeAnswer(this.response, packed, this.common)
  }

  /** The answer to a read of a module: 304, or what `read` makes; kept until the module moves on. */
  async sendAtPosition(module: ModuleStore, read: () => string): Promise<void> {
    const { epoch, seq } = module.head()
    const etag = `W/"${positionTag(module, { epoch, seq })}"`
    if (this.isFresh(etag)) return
    const { answers, store } = this.services
    const rights = rightsOf(module)?.key
    const address = `${rights === undefined ? '' : `${rights} `}${this.request.url}`
    const known = rights === undefined ? undefined : answers.findCurrent(address, store)
    const body = known?.body ?? encodeText(read())
    const { branchId, moduleId } = module
    if (!known) answers.keep(address, { branchId, moduleId, epoch, seq, etag, body })
    await this.sendReadable(body, { etag })
  }

  /** Sends an answer that is still true, without asking the route. */
  async sendKept({ etag, body }: KeptAnswer): Promise<void> {
    if (!this.isFresh(etag)) await this.sendReadable(body, { etag })
  }

  /** Answers 304 when If-None-Match names `etag`. */
  isFresh(etag: string): boolean {
    const sent = this.request.headers['if-none-match']
    if (sent === undefined || !matchesEtag(sent, etag)) return false
    const headers = ['ETag', etag, 'Vary', 'Accept-Encoding, Origin']
    writeAnswer(this.response, { status: 304, type: JSON_TYPE, cache: 'private, no-cache', headers }, this.common)
    return true
  }
}

/** Whose Idempotency-Keys are one; without people there is one owner of all, whatever address a client has today. */
function ownerOf({ deviceId, uid }: Principal): string {
  return `http:${deviceId ?? uid ?? 'anonymous'}`
}

/** Weak comparison, RFC 9110 8.8.3.2. */
export function matchesEtag(header: string, etag: string): boolean {
  if (header.trim() === '*') return true
  const plain = etag.replace(/^W\//, '')
  return header.split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === plain)
}

function check<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.output<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const errors: FieldError[] = result.error.issues.map((issue) => ({
    field: issue.path.join('.'),
    code: issue.code,
    message: issue.message,
  }))
  const first = errors[0]
  const message = first?.field
    ? `The ${what} ${first.field} is wrong: ${first.message}.`
    : 'The request has the wrong form.'
  throw new AppError('invalid-request', message, { errors })
}
