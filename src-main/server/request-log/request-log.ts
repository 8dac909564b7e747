import { isAppError } from '../../../src-shared/errors.ts'
import type { LiveRequest } from '../../../src-shared/protocol/management.ts'
import type { Principal } from '../../access/principal.ts'

/** A request or frame that was answered. Nothing of it is made into text before somebody looks. */
export interface AnsweredRequest {
  readonly kind: 'http' | 'socket'
  /** A method with its path (without query, which may hold what is nobody's business), or the type of a frame. */
  readonly method: string
  readonly path: string
  readonly branchId: string | undefined
  readonly table: string | undefined
  /** Of `performance.now()`: looking at the wall's clock for each request would cost more than keeping it. */
  readonly startedAt: number
  readonly milliseconds: number
  /** Undefined: nobody was signed in. */
  readonly principal: Principal | undefined
  readonly address: string
  /** 200 for a frame that was carried out. */
  readonly status: number
  /** Of the error and of the rule that refused it; undefined for an answer. */
  readonly code: string | undefined
  readonly rule: string | undefined
}

/** What stays of an error: it may carry a record, which is not kept. Undefined members for an answer. */
export function outcomeOf(error: unknown): Pick<AnsweredRequest, 'status' | 'code' | 'rule' | 'table'> {
  if (!isAppError(error)) return { status: 500, code: 'internal', rule: undefined, table: undefined }
  const { status, code, details } = error
  return { status, code, rule: textOf(details?.rule), table: textOf(details?.table) }
}

const KEPT = 1_000
const MAX_NAME = 64
const MAX_PATH = 256

/**
 * The last requests and frames, for a manager who looks on: who asked what, how it ended, and which rule stood in the way.
 * It is in memory only and holds no bodies, no queries and no tokens; what has to last is in the audit log.
 */
export class RequestLog {
  readonly #ring: AnsweredRequest[] = []
  /** Number of the next request, counted from 1 since the start. */
  #next = 1

  get next(): number {
    return this.#next
  }

  add(request: AnsweredRequest): void {
    this.#ring[this.#next++ % KEPT] = request
  }

  /**
   * Requests in their order, oldest first.
   *
   * @param from - The first one wanted; the newest ones without it, or when it lies ahead (the server was started again).
   * @param limit - At most so many.
   * @param mayEnter - Whether the reader may know of a branch; null for what belongs to none.
   * @returns The requests, and where to go on.
   */
  read(
    from: number | undefined,
    limit: number,
    mayEnter: (branchId: string | null) => boolean,
  ): { requests: LiveRequest[]; next: number } {
    const isKnown = from !== undefined && from <= this.#next
    const oldest = Math.max(1, this.#next - KEPT)
    const first = Math.max(oldest, isKnown ? from : this.#next - limit)
    const requests: LiveRequest[] = []
    const clockOrigin = Date.now() - performance.now()
    let n = first
    for (; n < this.#next && requests.length < limit; n++) {
      const request = this.#ring[n % KEPT]!
      if (mayEnter(request.branchId ?? null)) requests.push(toLive(n, request, clockOrigin))
    }
    return { requests, next: n }
  }
}

function toLive(n: number, request: AnsweredRequest, clockOrigin: number): LiveRequest {
  const { kind, method, path, startedAt, milliseconds, principal, address, status, code, rule } = request
  return {
    ...{
      n,
      at: new Date(clockOrigin + startedAt).toISOString(),
      kind,
      what: `${method} ${path.slice(0, MAX_PATH)}`.trim(),
    },
    branchId: request.branchId?.slice(0, MAX_NAME) ?? null,
    table: request.table?.slice(0, MAX_NAME) ?? null,
    status,
    code: code ?? null,
    ms: Math.round(milliseconds * 100) / 100,
    actor: principal ? { uid: principal.uid, name: principal.name, role: principal.roleId } : null,
    deviceId: principal?.deviceId ?? null,
    address,
    isAllowed: status !== 401 && status !== 403,
    rule: rule ?? null,
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** A name as it is kept: a long one is copied, since a part of it would hold the whole. */
export function keptName(name: string): string {
  return name.length <= MAX_PATH ? name : Buffer.from(name.slice(0, MAX_PATH)).toString()
}
