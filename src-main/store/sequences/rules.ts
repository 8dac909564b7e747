import { hash } from 'node:crypto'
import { AppError } from '../../../src-shared/errors.ts'
import { isJsonObject, type JsonObject } from '../../../src-shared/json.ts'
import type { SequenceRule } from '../../../src-shared/protocol/management.ts'

/** What a number's text may depend on besides the rule. */
export interface NumberContext {
  branchId: string
  /** The business day, YYYY-MM-DD. */
  day: string
  shift?: string
}

const TOKEN = /\{(prefix|number|branch|year|month|day|shift)(?::0?(\d{1,2})d)?\}/g
export const MAX_NUMBER = 999_999_999_999

/**
 * The text of a number: by `format` where a rule has one, otherwise prefix, delimiter, padded number, suffix.
 * `{number:05d}` pads to five digits. A chained rule (fiscal use) has the same text; its link is stored beside it.
 */
export function formatNumber(rule: SequenceRule, value: number, context: NumberContext): string {
  const { prefix = '', suffix = '', delimiter = '-' } = rule
  if (rule.format === undefined) {
    const digits = String(value).padStart(rule.padding ?? 0, rule.padChar ?? '0')
    return [prefix, digits, suffix].filter((part) => part !== '').join(delimiter)
  }
  return rule.format.replace(TOKEN, (_, token: string, width: string | undefined) => {
    switch (token) {
      case 'prefix':
        return prefix
      case 'number':
        return String(value).padStart(width === undefined ? (rule.padding ?? 0) : Number(width), '0')
      case 'branch':
        return context.branchId
      case 'year':
        return context.day.slice(0, 4)
      case 'month':
        return context.day.slice(5, 7)
      case 'day':
        return context.day.slice(8, 10)
      default:
        return context.shift ?? ''
    }
  })
}

/** The period that a number drawn on a business day belongs to; "" for a rule that never resets. */
export function periodOf(rule: SequenceRule, day: string): string {
  switch (rule.reset) {
    case 'daily':
      return day
    case 'monthly':
      return day.slice(0, 7)
    case 'yearly':
      return day.slice(0, 4)
    default:
      return ''
  }
}

/**
 * The number inside a text that `rule` made, in any period; undefined for other texts. Used to recognise numbers that
 * clients bring along (offline leases, take-over).
 */
export function parseNumber(rule: SequenceRule, text: string): number | undefined {
  const match = numberPattern(rule).exec(text)
  const value = match ? Number(match.groups?.number) : Number.NaN
  return Number.isSafeInteger(value) && value <= MAX_NUMBER ? value : undefined
}

const patterns = new WeakMap<SequenceRule, RegExp>()

function numberPattern(rule: SequenceRule): RegExp {
  let pattern = patterns.get(rule)
  if (!pattern) {
    pattern = new RegExp(`^${patternSource(rule)}$`, 'u')
    patterns.set(rule, pattern)
  }
  return pattern
}

function patternSource(rule: SequenceRule): string {
  const { prefix = '', suffix = '', delimiter = '-' } = rule
  const number = '(?<number>[0-9]{1,15})'
  if (rule.format === undefined) {
    const pad = rule.padChar && rule.padChar !== '0' ? `${escapePattern(rule.padChar)}*` : ''
    const before = prefix === '' ? '' : escapePattern(prefix + delimiter)
    const after = suffix === '' ? '' : escapePattern(delimiter + suffix)
    return before + pad + number + after
  }
  let source = ''
  let last = 0
  let hasNumber = false
  for (const match of rule.format.matchAll(TOKEN)) {
    source += escapePattern(rule.format.slice(last, match.index))
    last = match.index + match[0].length
    if (match[1] === 'number') source += hasNumber ? '[0-9]+' : number
    else if (match[1] === 'prefix') source += escapePattern(prefix)
    else if (match[1] === 'year') source += '[0-9]{4}'
    else if (match[1] === 'month' || match[1] === 'day') source += '[0-9]{2}'
    else source += '.*?'
    hasNumber ||= match[1] === 'number'
  }
  return source + escapePattern(rule.format.slice(last))
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}

/** The next number: one more than the last drawn, never below the rule's start. */
export function nextNumber(rule: SequenceRule, last: number | null): number {
  const next = Math.max((last ?? 0) + 1, rule.start ?? 1)
  if (next > MAX_NUMBER) throw new AppError('validation-failed', 'The sequence has reached its last number.')
  return next
}

/** Fiscal chain: the hash of the number before is part of this one's. */
export function chainNumber(previous: string | null, id: string): string {
  return hash('sha256', `${previous ?? ''}\n${id}`, 'hex')
}

/**
 * Reads a rule from a file or request.
 *
 * @throws AppError validation-failed; period-not-in-format when a resetting rule would print the same text twice.
 */
export function parseRule(raw: unknown): SequenceRule {
  if (!isJsonObject(raw)) throw invalid('rule', 'A sequence rule must be an object.')
  const rule: SequenceRule = {}
  for (const name of ['prefix', 'suffix', 'delimiter', 'counterField', 'format'] as const) {
    const value = raw[name]
    if (value === undefined || value === null) continue
    if (typeof value !== 'string' || value.length > 64 || !isPlainText(value))
      throw invalid(name, 'must be a short text')
    rule[name] = value
  }
  const padding = readInteger(raw, 'padding', 0, 15) ?? readInteger(raw, 'pad', 0, 15)
  if (padding !== undefined) rule.padding = padding
  const start = readInteger(raw, 'start', 0, MAX_NUMBER)
  if (start !== undefined) rule.start = start
  const padChar = raw.padChar ?? raw.padWith
  if (padChar !== undefined && padChar !== null) {
    if (typeof padChar !== 'string' || padChar.length !== 1 || /[1-9]/.test(padChar))
      throw invalid('padChar', 'must be one character')
    rule.padChar = padChar
  }
  if (raw.chain === true) rule.chain = true
  const reset = raw.reset
  if (reset !== undefined && reset !== null && reset !== 'never') {
    if (reset !== 'daily' && reset !== 'monthly' && reset !== 'yearly')
      throw invalid('reset', 'must be never, daily, monthly or yearly')
    rule.reset = reset
  }
  checkFormat(rule)
  return rule
}

function checkFormat(rule: SequenceRule): void {
  const tokens = new Set(Array.from(rule.format?.matchAll(TOKEN) ?? [], (match) => match[1]))
  if (rule.format !== undefined && !tokens.has('number')) throw invalid('format', 'must contain {number}')
  if (!rule.reset) return
  const needed = { daily: ['year', 'month', 'day'], monthly: ['year', 'month'], yearly: ['year'] }[
    rule.reset as 'daily' | 'monthly' | 'yearly'
  ]
  const missing = needed.filter((token) => !tokens.has(token))
  if (missing.length > 0) {
    throw new AppError(
      'period-not-in-format',
      `Numbers that start again ${rule.reset} need ${missing.map((token) => `{${token}}`).join(' ')} in their format.`,
      { details: { missing } },
    )
  }
}

function readInteger(raw: JsonObject, name: string, least: number, most: number): number | undefined {
  const value = raw[name]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > most) {
    throw invalid(name, `must be a whole number from ${least} to ${most}`)
  }
  return value
}

function isPlainText(text: string): boolean {
  return !/[\u0000-\u001f\u007f]/.test(text)
}

function invalid(field: string, message: string): AppError {
  return new AppError('validation-failed', `The sequence rule has an error: ${field} ${message}.`, {
    errors: [{ field, code: 'wrong-type', message }],
  })
}

/** Rules of a branch: its own table entry replaces the default entry of that table entirely. */
export class RuleBook {
  readonly #rules = new Map<string, SequenceRule>()

  /** @param raw - sequence-rules.json as it was read. */
  constructor(raw: unknown, branchId: string) {
    const file = isJsonObject(raw) ? raw : {}
    const defaults = childObject(file, 'defaults')
    const own = childObject(childObject(file, 'branches'), branchId)
    for (const moduleId of new Set([...Object.keys(defaults), ...Object.keys(own)])) {
      const tables = { ...childObject(defaults, moduleId), ...childObject(own, moduleId) }
      for (const [table, fields] of Object.entries(tables)) {
        if (!isJsonObject(fields)) continue
        for (const [field, rule] of Object.entries(fields)) this.set(moduleId, table, field, parseRule(rule))
      }
    }
  }

  set(moduleId: string, table: string, field: string, rule: SequenceRule): void {
    this.#rules.set(`${moduleId}\n${table}\n${field}`, rule)
  }

  find(moduleId: string, table: string, field: string): SequenceRule | undefined {
    return this.#rules.get(`${moduleId}\n${table}\n${field}`)
  }

  list(moduleId: string): { table: string; field: string; rule: SequenceRule }[] {
    const found: { table: string; field: string; rule: SequenceRule }[] = []
    for (const [name, rule] of this.#rules) {
      const [owner, table, field] = name.split('\n') as [string, string, string]
      if (owner === moduleId) found.push({ table, field, rule })
    }
    return found
  }
}

function childObject(parent: JsonObject, name: string): JsonObject {
  const child = Object.hasOwn(parent, name) ? parent[name] : undefined
  return isJsonObject(child) ? child : {}
}
