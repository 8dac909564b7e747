/** Least severe first. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export type LogFields = Record<string, unknown>

/**
 * Writes what happened. `event` is a short kebab-case name that stays the same; what varies goes into fields
 * (`branchId`, `moduleId`, `position`, `durationMs`, `error`), never into the name. A field `message` is the sentence for
 * people. Never log a record.
 */
export interface Log {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
  /** The same log with fields that every entry carries. */
  child(fields: LogFields): Log
}

/** One entry, redacted and safe to post to another thread. */
export interface LogRecord {
  /** ISO 8601, UTC. */
  time: string
  level: LogLevel
  event: string
  fields: LogFields
}

export interface LogOptions {
  level: LogLevel
  write(record: LogRecord): void
  /** Milliseconds since 1970; the machine's clock by default. */
  now?: () => number
}

/** A log that redacts and hands each entry of at least `level` to `write`. */
export function createLog(options: LogOptions, inherited: LogFields = {}): Log {
  const least = LOG_LEVELS.indexOf(options.level)
  const now = options.now ?? Date.now
  const at =
    (level: LogLevel) =>
    (event: string, fields: LogFields = {}): void => {
      if (LOG_LEVELS.indexOf(level) < least) return
      const time = new Date(now()).toISOString()
      options.write({ time, level, event, fields: redactFields({ ...inherited, ...fields }) })
    }
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => createLog(options, { ...inherited, ...fields }),
  }
}

/** A log that goes nowhere, for tests and tools. */
export const silentLog: Log = createLog({ level: 'error', write: () => undefined })

const SECRET_WORDS = new Set(
  'token tokens password passwords passphrase passcode pin pins secret secrets authorization cookie cookies jwt bearer apikey credential credentials'.split(
    ' ',
  ),
)
const SECRET_PAIRS = /api-?key|private-?key|recovery-?key|setup-?code|pairing-?code/
const CONTENT_NAMES = new Set(['record', 'records', 'row', 'rows', 'doc', 'docs', 'payload', 'body'])
const SECRETS_IN_TEXT: readonly [RegExp, string][] = [
  [/\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*/g, '[redacted]'],
  [/\bmrt_[\w-]{20,}/g, '[redacted]'],
  [/\b(bearer|basic)\s+[\w.~+/=-]{6,}/gi, '$1 [redacted]'],
  [
    /([?&;\s"']|^)((?:access_|refresh_|id_)?token|password|pin|secret|cookie|authorization)(=|"?:\s?"?)[^&;\s"']+/gi,
    '$1$2$3[redacted]',
  ],
]
const MAX_TEXT = 4_000
const MAX_ITEMS = 50
const MAX_DEPTH = 4

/** Secrets are replaced by name and by shape, contents of records are left out, size and depth are bounded. */
export function redactFields(fields: LogFields): LogFields {
  return redactEntries(fields, 0)
}

function redactEntries(value: object, depth: number): LogFields {
  const result: LogFields = {}
  for (const [name, item] of Object.entries(value).slice(0, MAX_ITEMS)) {
    if (item === undefined || typeof item === 'function') continue
    if (isSecretName(name)) result[name] = '[redacted]'
    else if (CONTENT_NAMES.has(name) && typeof item === 'object' && item !== null) result[name] = '[left out]'
    else result[name] = redactValue(item, depth + 1)
  }
  return result
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactText(value)
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value)
  if (typeof value !== 'object' || value === null) return value
  if (depth > MAX_DEPTH) return '[deeper]'
  if (value instanceof Error) return describeError(value, depth)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => redactValue(item, depth + 1))
  return redactEntries(value, depth)
}

function describeError(error: Error, depth: number): LogFields {
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {}
  const stack = error.stack ? { stack: redactText(error.stack) } : {}
  const cause = error.cause === undefined ? {} : { cause: redactValue(error.cause, depth + 1) }
  return { name: error.name, message: redactText(error.message), ...code, ...stack, ...cause }
}

/** Whole words of the name count, so that `pin` is a secret and `shippingMs` or `pinned` is not. */
function isSecretName(name: string): boolean {
  const kebab = name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/[_\s]/g, '-')
    .toLowerCase()
  return SECRET_PAIRS.test(kebab) || kebab.split('-').some((word) => SECRET_WORDS.has(word))
}

/** Tokens by their shape, and what follows the name of a secret. */
export function redactText(text: string): string {
  const cut = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}… (${text.length} characters)` : text
  return SECRETS_IN_TEXT.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), cut)
}

/** One line of the log file. */
export function toJsonLine(record: LogRecord): string {
  const { fields, ...head } = record
  return JSON.stringify(Object.assign({ ...head }, fields, head))
}

/** One readable line for the terminal; stacks stay in the file. */
export function toTerminalLine(record: LogRecord): string {
  const { message, error, ...rest } = record.fields
  const sentence = typeof message === 'string' ? ` ${message}` : ''
  const failure = error === undefined ? {} : { error: isNamed(error) ? error.message : error }
  const details = Object.entries({ ...rest, ...failure }).map(([name, value]) => `${name}=${toWord(value)}`)
  const tail = details.length > 0 ? ` (${details.join(', ')})` : ''
  const time = new Date(record.time).toLocaleTimeString('en-GB')
  return oneLine(`${time} ${record.level.padEnd(5)} ${record.event}${sentence}${tail}`)
}

function isNamed(value: unknown): value is { message: unknown } {
  return typeof value === 'object' && value !== null && 'message' in value
}

function toWord(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
}

/** Control characters could forge lines or steer the terminal. */
function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trimEnd()
}
