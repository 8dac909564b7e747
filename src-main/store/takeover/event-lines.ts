import { isJsonObject, type JsonObject, type JsonValue } from '../../../src-shared/json.ts'
import { parseJson, readLines } from './json-files.ts'
import { type FieldEvent, parseTime } from './record-merge.ts'
import type { TakeoverReport } from './types.ts'

export interface FieldEventLine {
  item: string
  /** As written: often an alias. */
  table: string
  event: FieldEvent
}

/** The record events of an NDJSON log, in its order; module-wide lines are left out, broken ones reported by line. */
export function* readEventLines(root: string, path: string, report: TakeoverReport): Generator<FieldEventLine> {
  for (const { line, text, isWhole } of readLines(root, path, report)) {
    const item = `${path}:${line}`
    const value = parseJson(text)
    if (!isJsonObject(value)) {
      report.refuse(item, isWhole ? 'the line is not a JSON object' : 'the last line was cut off')
      continue
    }
    const table = textOf(value.table)
    if (table === undefined) continue
    const record = isJsonObject(value.record) ? value.record : {}
    const action = textOf(value.action) ?? 'module:insert'
    yield {
      item,
      table,
      event: {
        isDelete: action === 'module:delete',
        isMerge: action === 'module:merge' || action === 'module:update',
        record,
        key: keyOf(value),
        createdAt: parseTime(value.createdAt) ?? parseTime(value.recordedAt),
      },
    }
  }
}

function keyOf(line: JsonObject): string | undefined {
  const meta = isJsonObject(line.meta) ? line.meta : {}
  const reference = isJsonObject(meta.recordRef) ? meta.recordRef : isJsonObject(line.recordRef) ? line.recordRef : {}
  return textOf(reference.key) ?? textOf(meta.recordKey)
}

function textOf(value: JsonValue | undefined): string | undefined {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}
