import type { AppError } from '../../../src-shared/errors.ts'
import type { Access } from '../open-access.ts'
import type { Principal } from '../principal.ts'
import { type AuditActor, actorOf } from './audit-log.ts'

/** Written where they are made, with the person who was tried. */
const AUDITED_ELSEWHERE = new Set<string>(['sign-in-failed', 'device-required', 'pairing-refused'])

/** A refusal that is written down where it is answered. */
export function isDenial({ status, code }: AppError): boolean {
  return (status === 401 || status === 403) && !AUDITED_ELSEWHERE.has(code)
}

/**
 * Writes a refusal of a closed branch down, equal ones counted. Never throws: the refusal itself must reach the caller.
 *
 * @param subject - What was asked: a method with its path, or the type of a frame.
 * @param onFailure - Told when the log cannot be written.
 */
export function noteDenial(
  access: Access,
  error: AppError,
  asked: { principal: Principal | undefined; address: string; subject: string },
  onFailure: (error: unknown) => void,
): void {
  if (access.identity.isOpen || !isDenial(error)) return
  const { code } = error
  const { principal, address, subject } = asked
  const stranger: AuditActor = { id: null, name: '(caller)', deviceId: null, address }
  const actor = principal ? actorOf(principal, address) : stranger
  try {
    const rule = error.details?.rule
    // Refusals by different rules are different refusals, so the rule stands in the reason.
    const reason = typeof rule === 'string' ? `${code}: ${rule}` : code
    access.audit.recordDenial({ action: 'request', actor, subject, reason })
  } catch (failure) {
    onFailure(failure)
  }
}
