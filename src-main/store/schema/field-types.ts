import type { FieldType } from './definition.ts'

const WORDS: Record<FieldType, string> = {
  text:
    'text string char character varchar varchar2 nvarchar nchar ntext tinytext mediumtext longtext clob citext enum ' +
    'email url phone password xml html time interval inet blob binary varbinary bytea image reference ref fk',
  integer: 'integer int int2 int4 int8 tinyint smallint mediumint bigint long serial bigserial counter year',
  decimal: 'decimal number numeric dec float float4 float8 double real money smallmoney currency',
  boolean: 'boolean bool bit',
  json: 'json jsonb object array list map any',
  date: 'date',
  uuid: 'uuid guid uniqueidentifier',
  // Every name that contains one of these two words is of the type; see below.
  timestamp: 'timestamp',
  datetime: 'datetime',
}

const TYPES = new Map<string, FieldType>()
for (const [type, words] of Object.entries(WORDS)) {
  for (const word of words.split(' ')) TYPES.set(word, type as FieldType)
}

/** What a written type such as `string`, `NVARCHAR(60)`, `DECIMAL(10, 2)` or `timestamp with time zone` says. */
export interface WrittenType {
  type: FieldType
  maxLength?: number
  precision?: number
  scale?: number
}

const WRITTEN = /^([a-z][a-z0-9_]*)((?: [a-z]+)*) ?(?:\(([^)]*)\))?[a-z ]*(\[\])?$/

/** Undefined when the type is none that we know. Source: the aliases of every schema form in the field. */
export function parseWrittenType(written: string): WrittenType | undefined {
  const match = WRITTEN.exec(written.trim().toLowerCase().replace(/\s+/g, ' '))
  if (!match) return undefined
  const word = match[1]!
  if (match[4] !== undefined) return { type: 'json' }
  const type = word.includes('timestamp') ? 'timestamp' : word.includes('datetime') ? 'datetime' : TYPES.get(word)
  if (type === undefined) return undefined
  const numbers = (match[3] ?? '').split(',').map((part) => Number.parseInt(part, 10))
  const [first, second] = numbers
  if (type === 'text' && isCount(first)) return { type, maxLength: first }
  if (type === 'decimal' && isCount(first) && word !== 'float') {
    return { type, precision: first, scale: isCount(second) ? second : 0 }
  }
  return { type }
}

function isCount(value: number | undefined): value is number {
  return value !== undefined && Number.isSafeInteger(value) && value >= 0
}
