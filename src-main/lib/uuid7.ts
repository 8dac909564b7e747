import { randomBytes } from 'node:crypto'

const POOL_BYTES = 4096
/** Hexadecimal digits that one id uses up: 3 and 12 that are sent as they are, one that chooses the variant. */
const DIGITS = 16
let pool = ''
let used = 0
let lastMs = 0
let counter = 0
/** `lastMs` as an id begins with it, up to the version. */
let timeText = ''

/**
 * A UUID version 7: time-ordered, so that new keys land at the end of their index. Within one millisecond a 12-bit
 * counter keeps the order of creation. Source: RFC 9562, section 5.7 and 6.2 method 1.
 */
export function uuid7(nowMs: number): string {
  if (nowMs > lastMs) startMillisecond(nowMs)
  else if (++counter > 0xfff) startMillisecond(lastMs + 1)
  if (used + DIGITS > pool.length) {
    pool = randomBytes(POOL_BYTES).toString('hex')
    used = 0
  }
  const variant = '89ab'[Number.parseInt(pool[used]!, 16) & 3]
  const id = `${timeText}${(0x1000 + counter).toString(16).slice(1)}-${variant}${pool.slice(used + 1, used + 4)}-${pool.slice(used + 4, used + DIGITS)}`
  used += DIGITS
  return id
}

function startMillisecond(ms: number): void {
  lastMs = ms
  counter = 0
  const time = ms.toString(16).padStart(12, '0')
  timeText = `${time.slice(0, 8)}-${time.slice(8)}-7`
}
