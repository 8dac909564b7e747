import { isJsonObject, type JsonObject, type JsonValue } from '../../../src-shared/json.ts'
import type { SequenceRule } from '../../../src-shared/protocol/management.ts'
import { readField, resolveTable, type SchemaShape, type TableShape } from './field-schema.ts'
import type { FieldRule, FieldSequence, TakeoverReport } from './types.ts'

const FILE = 'sequence-rules.json'
const RESETS = ['never', 'daily', 'monthly', 'yearly'] as const

/** The rules of sequence-rules.json. Rules that a stray request made for tables that do not exist are reported. */
export function readRules(
  file: JsonObject,
  schemas: ReadonlyMap<string, SchemaShape>,
  report: TakeoverReport,
): FieldRule[] {
  const rules = readScope(file.defaults, undefined, `${FILE}#defaults`, schemas, report)
  for (const [branchId, scope] of entriesOf(file.branches)) {
    rules.push(...readScope(scope, branchId, `${FILE}#branches.${branchId}`, schemas, report))
  }
  return rules
}

function readScope(
  scope: JsonValue | undefined,
  branchId: string | undefined,
  item: string,
  schemas: ReadonlyMap<string, SchemaShape>,
  report: TakeoverReport,
): FieldRule[] {
  const rules: FieldRule[] = []
  for (const [moduleId, tables] of entriesOf(scope)) {
    const schema = schemas.get(moduleId)
    for (const [name, fields] of entriesOf(tables)) {
      const table = schema && resolveTable(schema, name)
      if (!table) {
        report.refuse(`${item}.${moduleId}.${name}`, 'no module has this table')
        continue
      }
      for (const [field, value] of entriesOf(fields)) {
        if (!isJsonObject(value)) report.refuse(`${item}.${moduleId}.${name}.${field}`, 'the rule is not an object')
        else
          rules.push({
            ...(branchId !== undefined && { branchId }),
            moduleId,
            table: table.name,
            field,
            rule: toRule(value),
          })
      }
    }
  }
  return rules
}

/** Those of a branch's module: a branch's entry for a table replaces the default entry of that table entirely. */
export function rulesFor(rules: readonly FieldRule[], branchId: string, moduleId: string): FieldRule[] {
  const ofModule = rules.filter((rule) => rule.moduleId === moduleId)
  const own = ofModule.filter((rule) => rule.branchId === branchId)
  const tables = new Set(own.map((rule) => rule.table))
  return [...own, ...ofModule.filter((rule) => rule.branchId === undefined && !tables.has(rule.table))]
}

/** Watches every record that goes by and knows the highest number that each sequence has handed out. */
export class NumberWatch {
  readonly #watched: { rule: FieldRule; pattern: RegExp; last: number | null }[]

  constructor(rules: readonly FieldRule[], branchId: string) {
    this.#watched = rules.map((rule) => ({ rule, pattern: numberPattern(rule.rule, branchId), last: null }))
  }

  see(table: TableShape, record: JsonObject): void {
    for (const watched of this.#watched) {
      if (watched.rule.table !== table.name) continue
      const value = readField(table, watched.rule.field, record)
      if (typeof value === 'string') raise(watched, Number(watched.pattern.exec(value)?.[1] ?? Number.NaN))
      const { counterField } = watched.rule.rule
      if (counterField !== undefined) raise(watched, Number(record[counterField] ?? Number.NaN))
    }
  }

  /** Entries of sequence-state.json that belong to the module; those without a rule are reported. */
  readState(state: JsonObject, moduleId: string, item: string, report: TakeoverReport): void {
    for (const [key, entry] of Object.entries(state)) {
      const [module, ...rest] = key.split(':')
      if (module !== moduleId) continue
      const watched = this.#watched.find(({ rule }) => `${rule.table}:${rule.field}` === rest.join(':'))
      const last = isJsonObject(entry) ? entry.last : undefined
      if (!watched) report.refuse(`${item}#${key}`, 'there is no rule for this sequence')
      else if (typeof last !== 'number' || !Number.isSafeInteger(last)) report.refuse(`${item}#${key}`, 'not a number')
      else raise(watched, last)
    }
  }

  toSequences(): FieldSequence[] {
    return this.#watched.map(({ rule: { table, field, rule }, last }) => ({
      table,
      field,
      rule,
      last,
      next: Math.max(last === null ? 0 : last + 1, rule.start ?? 1),
    }))
  }
}

function raise(watched: { last: number | null }, value: number): void {
  // Zero is the state of a counter that was set back: nothing was handed out.
  if (Number.isSafeInteger(value) && value > 0 && value > (watched.last ?? 0)) watched.last = value
}

/** Finds the number inside what the rule formats, as its first group. */
function numberPattern(rule: SequenceRule, branchId: string): RegExp {
  if (rule.format !== undefined) {
    const source = rule.format.split(/(\{[^}]*\})/).map((part) => {
      if (/^\{number\b/.test(part)) return '(\\d+)'
      if (part === '{prefix}') return RegExp.escape(rule.prefix ?? '')
      if (part === '{branch}') return RegExp.escape(branchId)
      return part.startsWith('{') ? '.+?' : RegExp.escape(part)
    })
    return new RegExp(`^${source.join('')}$`)
  }
  const delimiter = RegExp.escape(rule.delimiter ?? '-')
  const prefix = rule.prefix ? `${RegExp.escape(rule.prefix)}${delimiter}` : ''
  const suffix = rule.suffix ? `${delimiter}${RegExp.escape(rule.suffix)}` : ''
  const padding = rule.padChar ? `(?:${RegExp.escape(rule.padChar)})*` : ''
  return new RegExp(`^${prefix}${padding}(\\d+)${suffix}$`)
}

function toRule(value: JsonObject): SequenceRule {
  const text = (name: string) => (typeof value[name] === 'string' ? value[name] : undefined)
  const count = (name: string) => {
    const number = Number(value[name] ?? Number.NaN)
    return Number.isSafeInteger(number) && number >= 0 ? number : undefined
  }
  const rule: SequenceRule = {}
  const prefix = text('prefix')
  const suffix = text('suffix')
  const delimiter = text('delimiter')
  const start = count('start')
  const padding = count('padding') ?? count('pad')
  const padChar = text('padChar') ?? text('padWith')
  const counterField = text('counterField')
  const format = text('format')
  const reset = RESETS.find((one) => one === value.reset)
  if (prefix !== undefined) rule.prefix = prefix
  if (suffix !== undefined) rule.suffix = suffix
  if (delimiter !== undefined) rule.delimiter = delimiter
  if (start !== undefined) rule.start = start
  if (padding !== undefined) rule.padding = padding
  if (padChar !== undefined) rule.padChar = padChar
  if (counterField !== undefined) rule.counterField = counterField
  if (format !== undefined) rule.format = format
  if (reset !== undefined) rule.reset = reset
  return rule
}

function entriesOf(value: JsonValue | undefined): [string, JsonValue][] {
  return isJsonObject(value) ? Object.entries(value) : []
}
