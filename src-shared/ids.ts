import { AppError } from './errors.ts'

declare const brand: unique symbol
type Branded<Name extends string> = string & { readonly [brand]: Name }

export type BranchId = Branded<'BranchId'>
export type ModuleId = Branded<'ModuleId'>
export type RecordId = Branded<'RecordId'>

/** A place in a module's event log: the restore generation and the number of the last event applied. */
export interface Position {
  epoch: number
  seq: number
}

const NAME = /^[A-Za-z0-9._:-]{1,64}$/
const ONLY_DOTS = /^\.+$/
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/
const MAX_RECORD_ID_BYTES = 256

/** Branch, module, table and field names: case-sensitive, never a path. */
export function isName(text: unknown): text is string {
  return typeof text === 'string' && NAME.test(text) && !ONLY_DOTS.test(text)
}

export function parseName(text: unknown, what: string): string {
  if (isName(text)) return text
  throw new AppError('invalid-name', `The ${what} must be 1 to 64 characters of A-Z, a-z, 0-9, ".", "_", ":" or "-".`)
}

export const parseBranchId = (text: unknown): BranchId => parseName(text, 'branch id') as BranchId
export const parseModuleId = (text: unknown): ModuleId => parseName(text, 'module id') as ModuleId

/** Any text without control characters, up to 256 bytes of UTF-8, in Unicode form NFC. */
export function parseRecordId(text: unknown): RecordId {
  const value = typeof text === 'number' && Number.isSafeInteger(text) ? String(text) : text
  if (typeof value === 'string' && value !== '' && !CONTROL.test(value) && value.isWellFormed()) {
    const normal = value.normalize('NFC')
    if (normal.length <= MAX_RECORD_ID_BYTES / 4 || utf8Bytes(normal) <= MAX_RECORD_ID_BYTES) return normal as RecordId
  }
  throw new AppError('invalid-name', 'A record id must be 1 to 256 bytes of text without control characters.')
}

/**
 * Request and client ids go into SQL as they are, and SQL text is UTF-8, where all unpaired surrogates are one character:
 * two ids would become one, and a hash over the text would no longer fit what is read back.
 */
export function assertWellFormed(text: string | undefined, what: string): void {
  if (text === undefined || text.isWellFormed()) return
  throw new AppError('invalid-request', `The ${what} must be well-formed Unicode text.`)
}

function utf8Bytes(text: string): number {
  let bytes = 0
  for (const character of text) {
    const point = character.codePointAt(0)!
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4
  }
  return bytes
}
