import type { IncomingMessage } from 'node:http'
import type { Transform } from 'node:stream'
import { promisify } from 'node:util'
import { brotliCompress, constants, createBrotliCompress, createGzip, gzip } from 'node:zlib'
import type { Answer } from './answer.ts'

const gzipAsync = promisify(gzip)
const brotliAsync = promisify(brotliCompress)

export type Encoding = 'br' | 'gzip'

/** Shorter answers are sent as they are. */
export const MIN_COMPRESSED = 1_024
/** Brotli at 4 costs about what gzip at 6 does and gives less. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }

/** The encoding to answer in: brotli before gzip among those asked for; undefined for none. */
export function encodingFor(request: IncomingMessage): Encoding | undefined {
  const header = request.headers['accept-encoding']
  if (header === undefined) return undefined
  const accepted = new Set<string>()
  for (const part of String(header).toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((piece) => piece.trim())
    if (!parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))) accepted.add(name)
  }
  if (accepted.has('br')) return 'br'
  return accepted.has('gzip') ? 'gzip' : undefined
}

/** The same answer compressed, on a thread of its own. */
export async function compressAnswer(answer: Answer, encoding: Encoding): Promise<Answer> {
  const body = await compress(answer.body ?? '', encoding)
  return { ...answer, body, headers: [...(answer.headers ?? []), 'Content-Encoding', encoding] }
}

function compress(body: string | Buffer, encoding: Encoding): Promise<Buffer> {
  return encoding === 'br' ? brotliAsync(body, BROTLI) : gzipAsync(body)
}

export function createCompressor(encoding: Encoding): Transform {
  return encoding === 'br' ? createBrotliCompress(BROTLI) : createGzip()
}
