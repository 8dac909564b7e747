import type { IncomingMessage } from 'node:http'
import { isAppError } from '../../../src-shared/errors.ts'
import { noteDenial } from '../../access/audit/denials.ts'
import { peerAddress } from '../callers.ts'
import { keptName, outcomeOf } from '../request-log/request-log.ts'
import type { SyncServices } from './services.ts'
import type { Session } from './session.ts'

/** What a frame was, for those who look on. */
export interface FrameName {
  /** Its type, and what it was about where that is no table. */
  type: string
  table?: string | undefined
}

/** Puts an answered frame into the request log. @param startedAt - Of `performance.now()`. */
export function noteFrame(
  services: SyncServices,
  session: Session,
  { type, table }: FrameName,
  startedAt: number,
  milliseconds = performance.now() - startedAt,
): void {
  services.requests.add({
    kind: 'socket',
    method: '',
    path: type,
    branchId: session.introduction?.branchId ?? session.topicBranchId,
    table,
    startedAt,
    milliseconds,
    principal: session.principalOrNone,
    address: session.address,
    status: 200,
    code: undefined,
    rule: undefined,
  })
}

/** The same for one that was refused; what a closed branch denied is also written into the audit log. */
export function noteRefusedFrame(
  services: SyncServices,
  session: Session,
  frame: FrameName,
  startedAt: number,
  error: unknown,
): void {
  const { principalOrNone: principal, address } = session
  const outcome = outcomeOf(error)
  const type = keptName(frame.type)
  services.requests.add({
    kind: 'socket',
    method: '',
    path: type,
    branchId: session.introduction?.branchId ?? session.topicBranchId,
    startedAt,
    milliseconds: performance.now() - startedAt,
    principal,
    address,
    ...outcome,
    table: outcome.table ?? (frame.table === undefined ? undefined : keptName(frame.table)),
  })
  audit(services, error, {
    ...{ principal, address },
    subject: `socket ${type}${outcome.table === undefined ? '' : ` ${outcome.table}`}`,
  })
}

/** A socket that was not opened at all: nobody is known yet, and the address is that of the peer. */
export function noteRefusedUpgrade(services: SyncServices, { socket }: IncomingMessage, error: unknown): void {
  const address = peerAddress(socket)
  services.requests.add({
    kind: 'socket',
    method: '',
    path: 'open',
    branchId: undefined,
    startedAt: performance.now(),
    milliseconds: 0,
    principal: undefined,
    address,
    ...outcomeOf(error),
  })
  audit(services, error, { principal: undefined, address, subject: 'socket open' })
}

function audit({ access, log }: SyncServices, error: unknown, asked: Parameters<typeof noteDenial>[2]): void {
  if (access && isAppError(error)) {
    noteDenial(access, error, asked, (failure) => log.error('audit-failed', { error: failure }))
  }
}
