import { AppError, isAppError } from '../../../src-shared/errors.ts'
import type { ClientFrame } from '../../../src-shared/protocol/client-frames.ts'
import type { Access } from '../../access/open-access.ts'
import type { Principal } from '../../access/principal.ts'
import { noteRefusedFrame } from './note-frame.ts'
import type { SyncServices } from './services.ts'
import type { Session } from './session.ts'

/** Close code of a socket whose proof is missing, refused or at its end; the reason is the error's code. */
export const UNAUTHORIZED_CLOSE = 4401
/** A stranger may be silent for so long. */
export const SIGN_IN_TIMEOUT_MS = 10_000
/** So long before its end another token is asked for. */
const RENEW_AHEAD_MS = 60_000
/** A socket that has to go is cut when it does not take its goodbye. */
const CUT_AFTER_MS = 500

/**
 * Carries a frame out once the session is known to act for somebody; a token in the frame is judged first. While that
 * takes a turn, later frames wait in the session.
 *
 * @param proceed - Not called when the token is refused, or when there is none and nobody signed in.
 * @param resume - Handles a frame that waited.
 */
export function withPrincipal(
  services: SyncServices,
  session: Session,
  frame: ClientFrame,
  proceed: () => void,
  resume: (bytes: Buffer) => void,
): void {
  const identity = services.access?.identity
  const token = tokenOf(frame)
  // Whoever listens has the tokens of plain http: the signature says who it is, and nothing else.
  const isKnown = session.signedDoor?.isSigned || session.principalOrNone?.kind === 'desktop'
  if (!identity || identity.isOpen || token === undefined || isKnown) {
    if (!session.principalOrNone && frame.type !== 'ping' && frame.type !== 'pong') {
      throw new AppError('unauthorized', 'Say client:hello or client:auth with a token first.')
    }
    proceed()
    return
  }
  const judged = identity.judgeToken(token)
  if (!(judged instanceof Promise)) {
    if (accept(session, judged)) proceed()
    return
  }
  const requestId = 'requestId' in frame ? frame.requestId : undefined
  const startedAt = performance.now()
  session.holdFrames()
  judged
    .then((principal) => {
      if (!session.isClosing && accept(session, principal)) proceed()
    })
    .catch((error: unknown) => refuseSession(services, session, error, { requestId, type: frame.type, startedAt }))
    .finally(() => {
      for (const bytes of session.releaseFrames()) resume(bytes)
    })
}

function tokenOf(frame: ClientFrame): string | undefined {
  return frame.type === 'client:hello' || frame.type === 'client:auth' || frame.type === 'auth'
    ? frame.token
    : undefined
}

/** False when the socket has to connect again: what it heard so far was for somebody else. */
function accept(session: Session, principal: Principal): boolean {
  const before = session.principalOrNone
  const isOther = before !== undefined && before.sessionId !== principal.sessionId
  session.principalOrNone = principal
  if (!isOther || !session.introduction) return true
  session.close(1012, 'sign-in-changed')
  return false
}

/** The correlated error; one that says that nobody is behind the socket also ends it. */
export function refuseSession(
  services: SyncServices,
  session: Session,
  error: unknown,
  { requestId, type, startedAt }: { requestId: string | undefined; type: string; startedAt: number },
): void {
  session.sendError(error, requestId)
  noteRefusedFrame(services, session, { type }, startedAt, error)
  if (isAppError(error) && error.status === 401) session.close(UNAUTHORIZED_CLOSE, error.code)
}

/** Closes sockets whose rights change, from now until `stop`. */
export function watchRights(access: Access | undefined, sessions: ReadonlySet<Session>): () => void {
  return (
    access?.onRights(({ isEnded, isMeant }) => {
      for (const session of sessions) {
        if (!session.principalOrNone || !isMeant(session.principalOrNone)) continue
        if (isEnded) endSession(session, 'session-ended')
        else session.close(1012, 'rights-changed')
      }
    }) ?? (() => undefined)
  )
}

/** Called at each heartbeat: asks for another token in time, and ends a socket whose token was not renewed. */
export function checkProof(session: Session, nowMs: number, leewayMs: number): void {
  const { principalOrNone: principal } = session
  if (!principal) {
    if (nowMs - session.openedAt > SIGN_IN_TIMEOUT_MS) endSession(session, 'unauthorized')
    return
  }
  const { expiresAt } = principal
  if (expiresAt === null) return
  if (expiresAt + leewayMs <= nowMs) endSession(session, 'token-expired')
  else if (expiresAt - nowMs <= RENEW_AHEAD_MS && session.renewalAskedFor !== expiresAt) {
    session.renewalAskedFor = expiresAt
    const ends = new Date(expiresAt).toISOString()
    const reason = 'token-expires'
    session.send({ type: 'server:directive', directive: 'renew-token', reason, expiresAt: ends, meta: {} })
  }
}

const WORDS = {
  'session-ended': 'The session has ended; sign in again.',
  'token-expired': 'The access token has expired; send a new one with client:auth in time.',
  unauthorized: 'Sign in first.',
} as const

function endSession(session: Session, code: keyof typeof WORDS): void {
  session.sendError(new AppError(code, WORDS[code]), undefined)
  session.close(UNAUTHORIZED_CLOSE, code)
  setTimeout(() => session.terminate(), CUT_AFTER_MS).unref()
}
