import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { StringDecoder } from 'node:string_decoder'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src-shared/json.ts'
import type { TakeoverReport } from './types.ts'

const CHUNK_BYTES = 1 << 20

/** The file's JSON object; undefined when it is missing (silently) or unusable (reported). */
export function readJsonObject(root: string, path: string, report: TakeoverReport): JsonObject | undefined {
  const text = readText(root, path, report)
  if (text === undefined) return undefined
  const value = parseJson(text)
  if (isJsonObject(value)) return value
  report.refuse(path, value === undefined ? 'not valid JSON' : 'not a JSON object')
  return undefined
}

/** UTF-8 text without a byte-order mark; undefined when the file is missing or unreadable (reported). */
export function readText(root: string, path: string, report: TakeoverReport): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8').replace(/^\uFEFF/, '')
  } catch (error) {
    if (!isMissing(error)) report.refuse(path, 'the file cannot be read')
    return undefined
  }
}

export function parseJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue
  } catch {
    return undefined
  }
}

/** Names of the sub-folders, sorted; none when the folder is missing. */
export function listFolders(root: string, path: string): string[] {
  return listEntries(root, path).filter((name) => statOf(join(root, path, name))?.isDirectory())
}

/** Names of the files that end with `ending`, sorted. */
export function listFiles(root: string, path: string, ending: string): string[] {
  return listEntries(root, path).filter((name) => name.endsWith(ending) && statOf(join(root, path, name))?.isFile())
}

export function fileExists(root: string, path: string): boolean {
  return statOf(join(root, path))?.isFile() ?? false
}

/**
 * Lines of a file of any size, numbered from 1; empty lines are left out. `isWhole` is false for a last line without a
 * line end: a write that was cut off.
 */
export function* readLines(
  root: string,
  path: string,
  report: TakeoverReport,
): Generator<{ line: number; text: string; isWhole: boolean }> {
  let descriptor: number
  try {
    descriptor = openSync(join(root, path), 'r')
  } catch (error) {
    if (!isMissing(error)) report.refuse(path, 'the file cannot be read')
    return
  }
  try {
    const decoder = new StringDecoder('utf8')
    const buffer = Buffer.alloc(CHUNK_BYTES)
    let rest = ''
    let line = 0
    for (;;) {
      const bytes = readSync(descriptor, buffer, 0, CHUNK_BYTES, null)
      const texts = (rest + (bytes === 0 ? decoder.end() : decoder.write(buffer.subarray(0, bytes)))).split('\n')
      rest = texts.pop() ?? ''
      for (const text of texts) {
        line++
        if (text.trim() !== '') yield { line, text, isWhole: true }
      }
      if (bytes === 0) break
    }
    if (rest.trim() !== '') yield { line: line + 1, text: rest, isWhole: false }
  } catch {
    report.refuse(path, 'the file cannot be read to its end')
  } finally {
    closeSync(descriptor)
  }
}

/**
 * What is complete in a module snapshot whose text was cut off by a crash during its write: every record up to the cut.
 * Undefined when not even one record is complete.
 */
export function salvageSnapshot(text: string): JsonObject | undefined {
  const open: string[] = []
  let isInString = false
  let cut: { end: number; closing: string } | undefined
  for (let index = 0; index < text.length; index++) {
    const character = text[index]!
    if (isInString) {
      if (character === '\\') index++
      else if (character === '"') isInString = false
      continue
    }
    if (character === '"') isInString = true
    else if (character === '{' || character === '[') open.push(character)
    else if (character === '}' || character === ']') {
      open.pop()
      // A record, a list of records, or the map of tables has just been closed.
      if (open.length >= 1 && open.length <= 3) cut = { end: index + 1, closing: closingOf(open) }
    }
  }
  if (!cut) return undefined
  const value = parseJson(text.slice(0, cut.end) + cut.closing)
  return isJsonObject(value) ? value : undefined
}

function closingOf(open: string[]): string {
  return open.map((character) => (character === '{' ? '}' : ']')).reduceRight((all, one) => all + one, '')
}

function listEntries(root: string, path: string): string[] {
  try {
    return readdirSync(join(root, path)).sort()
  } catch {
    return []
  }
}

function statOf(path: string) {
  try {
    return statSync(path)
  } catch {
    return undefined
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}
