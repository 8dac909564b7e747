import type { Platform } from './platform.ts'

/** A version 7 UUID: sorts by the time of its making. Needs no secure page. Source: RFC 9562, 5.7. */
export function makeUuid(platform: Pick<Platform, 'now' | 'randomBytes'>): string {
  const bytes = platform.randomBytes(16)
  let time = platform.now()
  for (let index = 5; index >= 0; index--) {
    bytes[index] = time % 256
    time = Math.floor(time / 256)
  }
  bytes[6] = (bytes[6]! & 0x0f) | 0x70
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
