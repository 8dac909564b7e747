import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { AppError } from '../../../src-shared/errors.ts'
import type { JsonValue } from '../../../src-shared/json.ts'
import { isNestedDeeper } from '../../lib/json-text.ts'

export interface BodyLimits {
  maxBytes: number
  /** Deepest nesting of arrays and objects. */
  maxDepth: number
  /** What the bytes must hash to (SHA-256, hex): of a signed request. */
  sha256?: string | undefined
}

/**
 * Reads a JSON body. Undefined when the request has none.
 *
 * @throws AppError `unsupported-media-type` (415, also for a Content-Encoding), `body-too-large` (413, before reading
 *   when Content-Length says so), `invalid-json` (also for bytes that are not UTF-8), `body-too-deep`,
 *   `signature-invalid` for another body than the one that was signed.
 */
export async function readJsonBody(request: IncomingMessage, limits: BodyLimits): Promise<JsonValue | undefined> {
  const { headers } = request
  const declared = headers['content-length']
  if (headers['transfer-encoding'] === undefined && (declared === undefined || declared === '0')) {
    checkHash(NO_BYTES, limits)
    return undefined
  }
  if (Number(declared) > limits.maxBytes) throw tooLarge(request, limits)
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') {
    throw new AppError('unsupported-media-type', 'Compressed request bodies are not accepted.')
  }
  const bytes = await readBytes(request, limits)
  checkHash(bytes, limits)
  if (bytes.length === 0) return undefined
  if (!isJsonType(headers['content-type'])) {
    throw new AppError('unsupported-media-type', 'The body must be sent as application/json.')
  }
  return parseJson(bytes, limits.maxDepth)
}

const NO_BYTES = Buffer.alloc(0)

function checkHash(bytes: Buffer, { sha256 }: BodyLimits): void {
  if (sha256 === undefined || createHash('sha256').update(bytes).digest('hex') === sha256) return
  throw new AppError('signature-invalid', 'The body is not the one that was signed.')
}

function isJsonType(contentType: string | undefined): boolean {
  if (contentType === undefined) return false
  if (contentType === 'application/json') return true
  return /^application\/(?:[\w.+-]+\+)?json\s*(?:;\s*charset="?utf-?8"?\s*)?$/i.test(contentType.trim())
}

function readBytes(request: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let first: Buffer | undefined
    let chunks: Buffer[] | undefined
    let length = 0
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length > limits.maxBytes) {
        request.removeAllListeners('data')
        first = undefined
        chunks = undefined
        reject(tooLarge(request, limits))
      } else if (first === undefined) first = chunk
      else if (chunks) chunks.push(chunk)
      else chunks = [first, chunk]
    })
    request.on('end', () => resolve(chunks ? Buffer.concat(chunks, length) : (first ?? Buffer.alloc(0))))
    request.on('error', (cause) => reject(new AppError('invalid-request', 'The body was cut off.', { cause })))
    request.on('close', () => {
      if (!request.complete) reject(new AppError('invalid-request', 'The body was cut off.'))
    })
  })
}

/** The rest of the body is thrown away unread: the connection ends with the answer. */
function tooLarge(request: IncomingMessage, limits: BodyLimits): AppError {
  request.resume()
  return new AppError('body-too-large', `The body is larger than ${limits.maxBytes} bytes.`, {
    details: { limitBytes: limits.maxBytes },
  })
}

/**
 * Strict UTF-8 and bounded depth; keys named `__proto__` are dropped, so that no later assignment can change a prototype.
 *
 * @throws AppError `invalid-json`, `body-too-deep`.
 */
export function parseJson(bytes: Buffer, maxDepth: number): JsonValue {
  if (!isUtf8(bytes)) throw new AppError('invalid-json', 'The body is not valid UTF-8.')
  let text = bytes.toString('utf8')
  if (text.charCodeAt(0) === 0xfeff) text = text.slice(1)
  if (text.length > maxDepth && isNestedDeeper(text, maxDepth)) {
    throw new AppError('body-too-deep', `The body is nested deeper than ${maxDepth} levels.`, { details: { maxDepth } })
  }
  let value: JsonValue
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new AppError('invalid-json', wordsOf(cause), { cause })
  }
  if (text.includes('__proto__') || text.includes('\\u005')) dropPrototypeKeys(value)
  return value
}

/** What is wrong and where, without the piece of the text that V8 quotes: it may be somebody's password. */
function wordsOf(error: unknown): string {
  const [what = ''] = error instanceof Error ? error.message.split(/, (?:\.{3})?"|(?:\.{3})?".*is not valid/s) : []
  return what === '' ? 'The body is not valid JSON.' : `The body is not valid JSON: ${what}.`
}

function dropPrototypeKeys(root: JsonValue): void {
  const queue: JsonValue[] = [root]
  for (let value = queue.pop(); value !== undefined; value = queue.pop()) {
    if (typeof value !== 'object' || value === null) continue
    if (!Array.isArray(value) && Object.hasOwn(value, '__proto__')) Reflect.deleteProperty(value, '__proto__')
    for (const item of Object.values(value)) if (typeof item === 'object' && item !== null) queue.push(item)
  }
}
