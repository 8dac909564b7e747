import { AppError } from '../../../src-shared/errors.ts'
import { assertWellFormed } from '../../../src-shared/ids.ts'
import type { JsonObject, JsonValue } from '../../../src-shared/json.ts'
import type {
  SequenceGap,
  SequenceLease,
  SequenceRule,
  SequenceSummary,
} from '../../../src-shared/protocol/management.ts'
import { isoTime } from '../../lib/clock.ts'
import type { SequenceTables } from '../sqlite/sequence-tables.ts'
import { chainNumber, formatNumber, MAX_NUMBER, nextNumber, parseRule, periodOf, type RuleBook } from './rules.ts'

export interface SequenceContext {
  branchId: string
  nowMs: number
  /** The business day at `nowMs`. */
  day: string
}

/**
 * Where numbers are known besides the branch's own database. A mark is written *before* numbers above the old one may
 * be handed out, so it is never below any number in use.
 */
export interface HighWaterMarks {
  raise(moduleId: string, table: string, field: string, period: string, value: number): void
}

/** True when a record, living or deleted, has a text that a client brought along where a number would be drawn. */
export type IsTaken = (moduleId: string, table: string, field: string, text: string) => boolean

/**
 * Document numbers of one branch. Every draw happens inside the transaction of the write that asked for it: unique under
 * any concurrency and any crash, never reused. A number that is handed out before a record carries it (POST /sequences,
 * leases) gets a ledger entry with the request that took it; a record that carries it later claims the entry; what stays
 * unclaimed is the list of gaps. Source: docs/sync.md, rules N1 to N5.
 */
export class SequenceBook {
  readonly #tables: SequenceTables
  readonly #rules: RuleBook
  readonly #marks: HighWaterMarks
  readonly #isTaken: IsTaken
  /** By module and table; tables without rules are not in it. */
  readonly #fields = new Map<string, Map<string, { table: string; field: string; rule: SequenceRule }[]>>()

  constructor(
    tables: SequenceTables,
    rules: RuleBook,
    marks: HighWaterMarks,
    moduleIds: readonly string[],
    isTaken: IsTaken,
  ) {
    this.#tables = tables
    this.#rules = rules
    this.#marks = marks
    this.#isTaken = isTaken
    for (const moduleId of moduleIds) this.addModule(moduleId)
  }

  addModule(moduleId: string): void {
    for (const { tbl, field, rule } of this.#tables.rules(moduleId)) {
      this.#rules.set(moduleId, tbl, field, parseRule(JSON.parse(rule)))
    }
    for (const entry of this.#rules.list(moduleId)) this.#addField(moduleId, entry.table)
  }

  #addField(moduleId: string, table: string): void {
    const entries = this.#rules.list(moduleId).filter((entry) => entry.table === table)
    const tables = this.#fields.get(moduleId) ?? new Map<string, typeof entries>()
    this.#fields.set(moduleId, tables.set(table, entries))
  }

  /** N2: fills each field that has a rule and is absent, null or "". Only for new records. */
  fill(moduleId: string, table: string, record: JsonObject, context: SequenceContext): void {
    const entries = this.#fields.get(moduleId)?.get(table)
    if (!entries) return
    for (const { field, rule } of entries) {
      if (!isBlank(record[field])) continue
      const drawn = this.#draw(moduleId, table, field, rule, context, shiftOf(record))
      record[field] = drawn.id
      if (rule.counterField && isBlank(record[rule.counterField])) record[rule.counterField] = drawn.value
    }
  }

  /** Whether new records of a table get numbers. */
  isNumbered(moduleId: string, table: string): boolean {
    return this.#fields.get(moduleId)?.has(table) === true
  }

  /** Fields of a table that the server may fill in at the insert. */
  assignedFields(moduleId: string, table: string): string[] {
    const entries = this.#fields.get(moduleId)?.get(table) ?? []
    return entries.flatMap(({ field, rule }) => (rule.counterField ? [field, rule.counterField] : [field]))
  }

  /** N3: a record that carries a number handed out before claims its ledger entry. `before` is the record it replaces. */
  claim(moduleId: string, table: string, record: JsonObject, key: string, before?: JsonObject): void {
    const entries = this.#fields.get(moduleId)?.get(table)
    if (!entries) return
    for (const { field } of entries) {
      const text = record[field]
      if (typeof text !== 'string' || text === '' || text === before?.[field]) continue
      this.#tables.claim(moduleId, table, field, text, key)
    }
  }

  /** N3: hands a number out before any record carries it; the same request of the same client gets the same number. */
  allocate(
    moduleId: string,
    input: { table: string; field: string; record?: JsonObject; requestId?: string; clientId?: string },
    context: SequenceContext,
  ): { value: number; id: string; rule: SequenceRule } {
    const { table, field, requestId, clientId } = input
    assertWellFormed(requestId, 'request id')
    assertWellFormed(clientId, 'client id')
    const rule = this.getRule(moduleId, table, field)
    const given =
      requestId === undefined
        ? undefined
        : this.#tables.findReserved(moduleId, table, field, clientId ?? null, requestId)
    if (given?.text) return { value: given.first, id: given.text, rule }
    const drawn = this.#draw(moduleId, input.table, input.field, rule, context, shiftOf(input.record ?? {}))
    this.#tables.addEntry(moduleId, {
      tbl: input.table,
      field: input.field,
      period: drawn.period,
      first: drawn.value,
      last: drawn.value,
      text: drawn.id,
      reason: 'reserved',
      request: input.requestId ?? null,
      client: input.clientId ?? null,
      at: isoTime(context.nowMs),
    })
    return { value: drawn.value, id: drawn.id, rule }
  }

  /** N5: a block for a device that goes offline; one ledger entry a number, so that each can be claimed. */
  lease(
    moduleId: string,
    input: { table: string; field: string; size: number; deviceId: string; requestId?: string },
    context: SequenceContext,
  ): SequenceLease {
    assertWellFormed(input.requestId, 'request id')
    assertWellFormed(input.deviceId, 'device id')
    const rule = this.getRule(moduleId, input.table, input.field)
    if (rule.chain) throw new AppError('invalid-request', 'Numbers of a chained sequence cannot be leased.')
    const ids: string[] = []
    let first = 0
    let last = 0
    let period = ''
    for (let index = 0; index < input.size; index++) {
      const drawn = this.#draw(moduleId, input.table, input.field, rule, context, undefined)
      if (index === 0) ({ value: first, period } = drawn)
      last = drawn.value
      ids.push(drawn.id)
      this.#tables.addEntry(moduleId, {
        tbl: input.table,
        field: input.field,
        period,
        first: drawn.value,
        last: drawn.value,
        text: drawn.id,
        reason: 'lease',
        request: input.requestId ?? null,
        client: input.deviceId,
        at: isoTime(context.nowMs),
      })
    }
    const { table, field, deviceId } = input
    return { table, field, period, from: first, to: last, ids, deviceId, expiresAt: null }
  }

  /** Moves the counter forward, never back; the numbers passed over are one gap with its reason. */
  skipTo(
    moduleId: string,
    table: string,
    field: string,
    to: number,
    reason: 'skip' | 'restore' | 'takeover',
    context: SequenceContext,
    requestedBy?: string,
    inPeriod?: string,
  ): void {
    const rule = this.getRule(moduleId, table, field)
    const period = inPeriod ?? periodOf(rule, context.day)
    const row = this.#tables.find(moduleId, table, field, period)
    const next = nextNumber(rule, row?.last ?? null)
    if (to < next) {
      throw new AppError('invalid-request', `The next number is ${next}; a sequence only moves forward.`, {
        details: { next },
      })
    }
    if (to > MAX_NUMBER) throw new AppError('invalid-request', `The last number of a sequence is ${MAX_NUMBER}.`)
    if (to === next) return
    const at = isoTime(context.nowMs)
    this.#marks.raise(moduleId, table, field, period, to - 1)
    this.#tables.set(moduleId, table, field, period, to - 1, row?.last_hash ?? null, at)
    this.#tables.addEntry(moduleId, {
      tbl: table,
      field,
      period,
      first: next,
      last: to - 1,
      text: null,
      reason,
      request: null,
      client: requestedBy ?? null,
      at,
    })
  }

  #draw(
    moduleId: string,
    table: string,
    field: string,
    rule: SequenceRule,
    context: SequenceContext,
    shift: string | undefined,
  ): { value: number; id: string; period: string } {
    const period = periodOf(rule, context.day)
    const row = this.#tables.find(moduleId, table, field, period)
    let value = nextNumber(rule, row?.last ?? null)
    if (row && value > row.last + 1)
      this.#noteNewStart(moduleId, table, field, period, [row.last + 1, value - 1], context)
    const place = { branchId: context.branchId, day: context.day, ...(shift && { shift }) }
    let id = formatNumber(rule, value, place)
    while (this.#isTaken(moduleId, table, field, id)) {
      value = nextNumber(rule, value)
      id = formatNumber(rule, value, place)
    }
    const chained = rule.chain ? chainNumber(row?.last_hash ?? null, id) : null
    this.#marks.raise(moduleId, table, field, period, value)
    this.#tables.set(moduleId, table, field, period, value, chained, isoTime(context.nowMs))
    return { value, id, period }
  }

  /** A rule whose start was raised leaves numbers out, which nobody will ever use. */
  #noteNewStart(
    moduleId: string,
    table: string,
    field: string,
    period: string,
    [first, last]: [number, number],
    context: SequenceContext,
  ): void {
    this.#tables.addEntry(moduleId, {
      tbl: table,
      field,
      period,
      first,
      last,
      text: null,
      reason: 'skip',
      request: null,
      client: null,
      at: isoTime(context.nowMs),
    })
  }

  /** @throws AppError sequence-not-configured. */
  getRule(moduleId: string, table: string, field: string): SequenceRule {
    const rule = this.#rules.find(moduleId, table, field)
    if (rule) return rule
    throw new AppError('sequence-not-configured', `No sequence is configured for ${table}.${field}.`, {
      details: { table, field },
    })
  }

  /** Stores a rule inside the running transaction; `adoptRule` makes it current once that is committed. */
  storeRule(moduleId: string, table: string, field: string, rule: SequenceRule, nowMs: number): void {
    this.#tables.setRule(moduleId, table, field, JSON.stringify(rule), isoTime(nowMs))
  }

  adoptRule(moduleId: string, table: string, field: string, rule: SequenceRule): void {
    this.#rules.set(moduleId, table, field, rule)
    this.#addField(moduleId, table)
  }

  list(moduleId: string, context: SequenceContext): SequenceSummary[] {
    return this.#rules.list(moduleId).map(({ table, field, rule }) => {
      const period = periodOf(rule, context.day)
      const row = this.#tables.find(moduleId, table, field, period)
      const value = Math.max((row?.last ?? 0) + 1, rule.start ?? 1)
      return {
        table,
        field,
        rule,
        period,
        last: row?.last ?? null,
        next: { value, id: formatNumber(rule, value, { branchId: context.branchId, day: context.day }) },
        gaps: this.#tables.gapTotal(moduleId, table, field),
        updatedAt: row?.updated_at ?? null,
      }
    })
  }

  gaps(
    moduleId: string,
    query: { table?: string; field?: string; limit?: number },
  ): { gaps: SequenceGap[]; total: number } {
    const table = query.table ?? null
    const field = query.field ?? null
    const rows = this.#tables.gaps(moduleId, table, field, query.limit ?? 100)
    return {
      total: this.#tables.gapTotal(moduleId, table, field),
      gaps: rows.map((row) => ({
        table: row.tbl,
        field: row.field,
        period: row.period,
        from: row.first,
        to: row.last,
        reason: row.reason as SequenceGap['reason'],
        requestId: row.request,
        clientId: row.client,
        at: row.at,
      })),
    }
  }

  preview(rule: SequenceRule, context: SequenceContext): string[] {
    const first = nextNumber(rule, null)
    return [first, first + 1, first + 2].map((value) =>
      formatNumber(rule, value, { branchId: context.branchId, day: context.day, shift: 'S1' }),
    )
  }
}

function isBlank(value: JsonValue | undefined): boolean {
  return value === undefined || value === null || value === ''
}

function shiftOf(record: JsonObject): string | undefined {
  return typeof record.shiftId === 'string' ? record.shiftId : undefined
}
