/**
 * The one catalogue of error codes. The same code travels in an HTTP body, a socket message, an IPC reply and the SDK's
 * error; docs/errors.md lists the same codes and a test keeps the two equal.
 */
export const ERRORS = {
  // 400: the request cannot be understood
  'invalid-request': { status: 400, retry: false, meaning: 'A parameter or body has the wrong form' },
  'invalid-json': { status: 400, retry: false, meaning: 'The body or frame is not valid JSON in valid UTF-8' },
  'body-too-deep': { status: 400, retry: false, meaning: 'JSON nested deeper than the limit' },
  'invalid-name': {
    status: 400,
    retry: false,
    meaning: 'A branch, module, table, field or record id has characters we refuse',
  },
  'missing-branch-id': { status: 400, retry: false, meaning: 'The request names no branch' },
  'missing-module-id': {
    status: 400,
    retry: false,
    meaning: 'The request names no module and the branch has more than one',
  },
  'missing-table-name': { status: 400, retry: false, meaning: 'The request names no table' },
  'missing-record': { status: 400, retry: false, meaning: 'The request carries no record object' },
  'missing-record-key': { status: 400, retry: false, meaning: 'The record has no primary key' },
  'missing-table-or-field': { status: 400, retry: false, meaning: 'A sequence request needs a table and a field' },
  'missing-last-ack-id': {
    status: 400,
    retry: false,
    meaning: 'An event batch needs lastAckId (null when the log is empty)',
  },
  'missing-entry-id': { status: 400, retry: false, meaning: 'The request names no history entry' },
  'missing-order-payload': { status: 400, retry: false, meaning: 'The request carries no order object' },
  'missing-shift-id': { status: 422, retry: false, meaning: 'An order needs the shift that it belongs to' },
  'empty-order': { status: 422, retry: false, meaning: 'An order needs at least one line' },
  'missing-trans-id': { status: 400, retry: false, meaning: 'A publish on a sync topic needs a transaction id' },
  'invalid-topic': { status: 400, retry: false, meaning: 'The topic is missing or not one that this server serves' },
  'invalid-event-payload': {
    status: 400,
    retry: false,
    meaning: 'An event of the batch is not an object with a record',
  },
  'unsupported-event-action': { status: 400, retry: false, meaning: 'An action that this endpoint does not take' },
  'no-tables-resolved': { status: 400, retry: false, meaning: 'None of the named tables exists' },
  'unsupported-message': { status: 400, retry: false, meaning: 'An unknown socket message type' },
  'hello-required': { status: 400, retry: false, meaning: 'A socket must say client:hello before this message' },
  'protocol-unsupported': { status: 400, retry: false, meaning: 'The declared protocol version is not one we speak' },
  'ambiguous-table': { status: 400, retry: false, meaning: 'The name could mean two tables; the message names both' },
  'invalid-cursor': { status: 400, retry: false, meaning: 'A cursor that this server did not make' },
  'confirmation-required': { status: 400, retry: false, meaning: 'The name typed to confirm does not match' },
  // 401, 403
  unauthorized: { status: 401, retry: false, meaning: 'Sign in first' },
  'sign-in-failed': { status: 401, retry: false, meaning: 'The user, password, PIN or code is wrong' },
  'token-invalid': { status: 401, retry: false, meaning: 'The token is not one of this server' },
  'token-expired': { status: 401, retry: false, meaning: 'The access token has expired' },
  'session-ended': { status: 401, retry: false, meaning: 'The session was ended, or its person or device removed' },
  'refresh-reused': {
    status: 401,
    retry: false,
    meaning: 'The refresh token was used before; its session has been ended',
  },
  forbidden: { status: 403, retry: false, meaning: 'The caller may not do this' },
  'field-not-writable': { status: 403, retry: false, meaning: 'A rule keeps the caller from changing this field' },
  'signature-invalid': {
    status: 401,
    retry: false,
    meaning: 'The signature of the request is wrong, stale or was used before',
  },
  'clock-wrong': {
    status: 401,
    retry: false,
    meaning: 'The clock of the signing device is wrong by more than five minutes',
  },
  'https-required': { status: 403, retry: false, meaning: 'The branch serves this to other devices by https only' },
  'host-not-allowed': { status: 403, retry: false, meaning: 'The Host header names no address of this server' },
  'origin-not-allowed': { status: 403, retry: false, meaning: 'Pages of this origin may not call this server' },
  'cross-site-refused': {
    status: 403,
    retry: false,
    meaning: 'A write with the cookie does not come from our own page',
  },
  'device-required': { status: 403, retry: false, meaning: 'A PIN is taken on a paired device only' },
  'pairing-refused': { status: 403, retry: false, meaning: 'The pairing code is wrong, used or too old' },
  'table-locked': { status: 403, retry: false, meaning: 'The table is locked by the security file' },
  // 404, 405
  'not-found': { status: 404, retry: false, meaning: 'No such path' },
  'path-not-found': { status: 404, retry: false, meaning: 'The module snapshot has nothing at this path' },
  'branch-not-found': { status: 404, retry: false, meaning: 'No such branch' },
  'module-not-found': { status: 404, retry: false, meaning: 'The branch has no such module' },
  'table-not-found': { status: 404, retry: false, meaning: 'The module has no such table' },
  'record-not-found': { status: 404, retry: false, meaning: 'No record with this id' },
  'order-not-found': { status: 404, retry: false, meaning: 'No order with this id' },
  'event-not-found': { status: 404, retry: false, meaning: 'No event with this id' },
  'schema-not-found': { status: 404, retry: false, meaning: 'No such schema' },
  'history-entry-not-found': { status: 404, retry: false, meaning: 'No such archive entry' },
  'snapshot-not-found': { status: 404, retry: false, meaning: 'No such snapshot' },
  'backup-not-found': { status: 404, retry: false, meaning: 'No such backup' },
  'task-not-found': { status: 404, retry: false, meaning: 'No such task' },
  'sequence-not-configured': { status: 404, retry: false, meaning: 'No sequence rule for this table and field' },
  'person-not-found': { status: 404, retry: false, meaning: 'No such person' },
  'device-not-found': { status: 404, retry: false, meaning: 'No such device' },
  'session-not-found': { status: 404, retry: false, meaning: 'No such session' },
  'role-not-found': { status: 404, retry: false, meaning: 'No such role' },
  'management-endpoint-not-found': { status: 404, retry: false, meaning: 'No such management endpoint' },
  'modules-not-found': { status: 404, retry: false, meaning: 'The branch has none of the named modules' },
  'method-not-allowed': { status: 405, retry: false, meaning: 'The path exists but not with this method; see Allow' },
  'not-acceptable': { status: 406, retry: false, meaning: 'None of the accepted media types can be produced' },
  // 409, 412
  'version-conflict': { status: 409, retry: false, meaning: 'The record changed since the version that was sent' },
  'order-version-conflict': { status: 409, retry: false, meaning: 'The order changed since the version that was sent' },
  'epoch-changed': { status: 409, retry: false, meaning: 'The data was restored since the version was read' },
  'record-exists': { status: 409, retry: false, meaning: 'A record with this id exists with other content' },
  'branch-exists': { status: 409, retry: false, meaning: 'A branch with this id exists' },
  'module-exists': { status: 409, retry: false, meaning: 'A module with this id exists' },
  'person-exists': { status: 409, retry: false, meaning: 'Somebody has this user name' },
  'setup-done': { status: 409, retry: false, meaning: 'The first manager was made already' },
  'last-administrator': { status: 409, retry: false, meaning: 'Somebody who may do everything must remain' },
  'unique-violation': { status: 409, retry: false, meaning: 'Another record has the same value in a unique field' },
  'last-ack-mismatch': { status: 409, retry: false, meaning: 'lastAckId is not the last event of the log' },
  'full-sync-required': {
    status: 409,
    retry: false,
    meaning: 'The client must read the module anew before this write',
  },
  'concurrency-conflict': { status: 409, retry: false, meaning: 'A condition sent with the write no longer holds' },
  'insert-only-violation': {
    status: 409,
    retry: false,
    meaning: 'The snapshot to import is malformed or older than the module',
  },
  'request-in-progress': { status: 409, retry: true, meaning: 'The same request is being carried out' },
  'task-running': { status: 409, retry: true, meaning: 'Another long task of this kind is running' },
  'shift-open': { status: 409, retry: false, meaning: 'A shift is still open' },
  'precondition-failed': { status: 412, retry: false, meaning: 'If-Match names another version' },
  // 413, 415, 422
  'body-too-large': { status: 413, retry: false, meaning: 'The body or frame is larger than the limit' },
  'unsupported-media-type': { status: 415, retry: false, meaning: 'Writes need application/json' },
  'validation-failed': {
    status: 422,
    retry: false,
    meaning: 'The record breaks the schema; errors[] names each field',
  },
  'reference-not-found': { status: 422, retry: false, meaning: 'A reference points at no record' },
  'idempotency-key-reused': { status: 422, retry: false, meaning: 'The same key came with another body' },
  'weak-secret': { status: 422, retry: false, meaning: 'The password or PIN is too short or too easy to guess' },
  'invalid-schema': { status: 422, retry: false, meaning: 'The schema definition has errors' },
  'invalid-policy': { status: 422, retry: false, meaning: 'A role, permission or rule of the policy is wrong' },
  'migration-refused': { status: 422, retry: false, meaning: 'The schema change would lose data' },
  'period-not-in-format': { status: 422, retry: false, meaning: 'A resetting sequence whose format lacks its period' },
  // 429
  'rate-limited': { status: 429, retry: true, meaning: 'Too many requests; see Retry-After' },
  'sign-in-locked': { status: 429, retry: true, meaning: 'Too many wrong tries from this device; see Retry-After' },
  'too-many-connections': { status: 429, retry: true, meaning: 'The connection limit is reached' },
  // 5xx
  internal: { status: 500, retry: true, meaning: 'Something unexpected; the log has the trace id' },
  'chain-broken': { status: 500, retry: false, meaning: 'The event log fails its hash check' },
  'store-corrupt': { status: 500, retry: false, meaning: 'A database file is damaged; writing has stopped' },
  'backup-invalid': { status: 500, retry: false, meaning: 'A backup fails its check and is not used' },
  'not-implemented': { status: 501, retry: false, meaning: 'Named by the specification and not built yet' },
  'store-busy': { status: 503, retry: true, meaning: 'The database is busy; try again' },
  'store-failed': { status: 503, retry: true, meaning: 'The disk refused the write; nothing was stored' },
  'sign-in-unavailable': {
    status: 503,
    retry: true,
    meaning: 'The provider at which managers sign in cannot be reached',
  },
  restoring: { status: 503, retry: true, meaning: 'A restore is running' },
  stopping: { status: 503, retry: true, meaning: 'The server is stopping' },
  'disk-full': { status: 507, retry: true, meaning: 'The disk is full; nothing was stored' },
  // start-up
  'data-folder-locked': { status: 503, retry: false, meaning: 'Another server uses this data folder' },
  'data-folder-missing': { status: 503, retry: false, meaning: 'The data folder lost its marker file' },
  'port-in-use': { status: 503, retry: false, meaning: 'Another program uses the port' },
  'certificate-unusable': { status: 503, retry: false, meaning: 'The certificate files for https cannot be used' },
  'runtime-too-old': { status: 503, retry: false, meaning: 'Node is too old for the SQLite driver' },
} as const satisfies Record<string, { status: number; retry: boolean; meaning: string }>

export type ErrorCode = keyof typeof ERRORS

export interface FieldError {
  field: string
  code: string
  message: string
}

export interface AppErrorOptions {
  details?: Record<string, unknown>
  /** One entry for each field that breaks the schema. */
  errors?: FieldError[]
  /** For the operator: what to do about it. Shown by the console. */
  hint?: string
  cause?: unknown
}

/** The only error that crosses a border. `message` is fit for a client; `cause` is for the log. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly details: Record<string, unknown> | undefined
  readonly errors: FieldError[] | undefined
  readonly hint: string | undefined

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.details = options.details
    this.errors = options.errors
    this.hint = options.hint
  }

  get status(): number {
    return ERRORS[this.code].status
  }
}

/** The specification's error body, extended by `traceId` and, for validation, `errors`. */
export interface ErrorBody {
  error: ErrorCode
  message: string
  details?: Record<string, unknown>
  errors?: FieldError[]
  hint?: string
  traceId?: string
}

export function isAppError(value: unknown): value is AppError {
  return value instanceof AppError
}

/** What a client may see of any failure: an AppError as it is, anything else as `internal` with a fixed text. */
export function toErrorBody(error: unknown, traceId?: string): ErrorBody {
  const known = isAppError(error) ? error : new AppError('internal', 'Something unexpected went wrong on the server.')
  return {
    error: known.code,
    message: known.message,
    ...(known.details && { details: known.details }),
    ...(known.errors && { errors: known.errors }),
    ...(known.hint && { hint: known.hint }),
    ...(traceId && { traceId }),
  }
}
