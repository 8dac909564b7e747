import { hash } from 'node:crypto'
import type { JsonObject } from '../../../src-shared/json.ts'
import { compileTable } from '../../store/schema/compile-table.ts'
import type { ModuleDefinition, TableDefinition } from '../../store/schema/definition.ts'
import { type Expression, evaluateExpression } from '../../store/schema/expression.ts'
import { findTable, findTableWord, type TableAction } from '../roles/permissions.ts'
import { checkRule, fieldName, type RuleContext, wrong } from './check-rule.ts'
import { ALWAYS, allOf, foldExpression, NEVER } from './fold.ts'
import type { FieldRule, Policy, Rule, RuleTarget } from './policy.ts'

export const TABLE_ACTIONS: readonly TableAction[] = ['read', 'insert', 'update', 'delete']

/** What rules see of the caller. */
export interface AuthScope {
  uid: string | null
  role: string
  device: string | null
  branch: string
  kind: string
}

/** A condition of one rule, as far as it depends on the record. */
export interface RowCondition {
  readonly rule: string
  readonly expression: Expression
}

export interface FieldCondition {
  readonly rule: string
  readonly field: string
  /** Holds: the field may be seen. */
  readonly expression: Expression
}

/** What has to hold for a field to be set in a new record, or changed in a stored one. */
export interface FieldWriteCondition {
  readonly rule: string
  readonly field: string
  readonly insert: Expression
  readonly update: Expression
  readonly places: readonly FieldPlace[]
}

/** Where a field stands in a record: keys from the top. */
export type FieldPlace = readonly string[]

/** What the caller may do with one table. */
export interface TableRights {
  readonly table: TableDefinition
  /** The permission that allows an action; absent: no permission does. */
  readonly words: Readonly<Partial<Record<TableAction, string>>>
  /** Conditions that every record has to meet; one that never holds closes the action. */
  readonly rows: Readonly<Record<TableAction, readonly RowCondition[]>>
  /** Fields that are never seen, under every spelling, by canonical name. */
  readonly hidden: ReadonlyMap<string, { rule: string; places: readonly FieldPlace[] }>
  /** Their places. */
  readonly alwaysHidden: readonly FieldPlace[]
  /** Fields that are seen in some records only. */
  readonly sometimesHidden: readonly (FieldCondition & { places: readonly FieldPlace[] })[]
  readonly writable: readonly FieldWriteCondition[]
}

const UNTOUCHABLE = new Set(['id', 'version', 'createdAt', 'updatedAt', 'branchId'])

/**
 * What one caller may do with the tables of one module. Callers whose rules come to the same share one. The conditions
 * are folded (fold.ts): the caller's own values stand in them, so that only the record is asked.
 */
export class ModuleRights {
  /** Equal for callers who see the same: answers are shared by it. */
  readonly key: string
  readonly definition: ModuleDefinition
  readonly auth: AuthScope
  readonly #tables = new Map<string, TableRights>()
  /** No permission is missing and no rule applies: the module itself can be handed out. */
  readonly isUnrestricted: boolean
  #viewKey: string | undefined

  constructor(
    key: string,
    definition: ModuleDefinition,
    caller: { auth: AuthScope; permissions: readonly string[] },
    rules: readonly Rule[],
  ) {
    this.key = key
    this.definition = definition
    this.auth = caller.auth
    for (const table of definition.tables.values()) {
      this.#tables.set(table.name, bindTable(definition, table, caller, rules))
    }
    this.isUnrestricted = [...this.#tables.values()].every(isOpen)
  }

  /** @param table - Canonical name of a table of the module. */
  of(table: string): TableRights {
    return this.#tables.get(table)!
  }

  tables(): TableRights[] {
    return [...this.#tables.values()]
  }

  /** Equal for rights under which the same is seen, whatever may be changed; empty where everything is. */
  get viewKey(): string {
    this.#viewKey ??= viewKeyOf(this.tables())
    return this.#viewKey
  }

  /** Whether a record may be seen; the table's permission included. */
  isVisible(rights: TableRights, record: JsonObject): boolean {
    if (rights.words.read === undefined) return false
    const scope = { record }
    return rights.rows.read.every(({ expression }) => evaluateExpression(expression, scope))
  }

  /** The first rule that keeps an action from a record; undefined when none does. */
  findRefusal(
    rights: TableRights,
    action: TableAction,
    scope: { record: JsonObject; previous?: JsonObject },
  ): string | undefined {
    return rights.rows[action].find(({ expression }) => !evaluateExpression(expression, scope))?.rule
  }

  /** Places of the fields that are to be left out of this record. */
  hiddenPlaces(rights: TableRights, record: JsonObject): readonly FieldPlace[] {
    const always = rights.alwaysHidden
    if (rights.sometimesHidden.length === 0) return always
    const places = [...always]
    for (const field of rights.sometimesHidden) {
      if (!evaluateExpression(field.expression, { record })) places.push(...field.places)
    }
    return places
  }

  /** Whether the condition of a field holds for a change. */
  allowsField(
    condition: FieldWriteCondition,
    action: 'insert' | 'update',
    scope: { record: JsonObject; previous?: JsonObject },
  ): boolean {
    return evaluateExpression(condition[action], scope)
  }
}

function isOpen(rights: TableRights): boolean {
  return (
    TABLE_ACTIONS.every((action) => rights.words[action] !== undefined && rights.rows[action].length === 0) &&
    rights.hidden.size === 0 &&
    rights.sometimesHidden.length === 0 &&
    rights.writable.length === 0
  )
}

function viewKeyOf(tables: readonly TableRights[]): string {
  const readable = tables.filter(({ words }) => words.read !== undefined)
  const views = readable.map(({ table, rows, alwaysHidden, sometimesHidden }) => {
    const fields = sometimesHidden.map(({ field, expression }) => [field, expression])
    return [table.name, rows.read.map(({ expression }) => expression), alwaysHidden, fields] as const
  })
  const isWhole = views.every(([, records, always, fields]) => records.length + always.length + fields.length === 0)
  if (isWhole && readable.length === tables.length) return ''
  return hash('sha256', JSON.stringify(views), 'base64url').slice(0, 16)
}

/** Whether the rule speaks to this role at all. */
export function concernsRole({ roles, exceptRoles }: RuleTarget, roleId: string): boolean {
  return (roles === null || roles.includes(roleId)) && !exceptRoles.includes(roleId)
}

export function concernsTable(target: RuleTarget, definition: ModuleDefinition, table: string): boolean {
  if (target.module !== undefined && target.module !== definition.moduleId) return false
  // Not a group: a rule speaks of the fields of one table.
  return target.table === '*' || findTable(definition, target.table) === table
}

function bindTable(
  definition: ModuleDefinition,
  table: TableDefinition,
  { auth, permissions }: { auth: AuthScope; permissions: readonly string[] },
  rules: readonly Rule[],
): TableRights {
  const words: Partial<Record<TableAction, string>> = {}
  const rows: Record<TableAction, RowCondition[]> = { read: [], insert: [], update: [], delete: [] }
  for (const action of TABLE_ACTIONS) {
    const word = findTableWord(permissions, definition, table.name, action)
    if (word !== undefined) words[action] = word
  }
  const fold = (expression: Expression, action: TableAction): Expression =>
    foldExpression(expression, {
      auth: auth as unknown as JsonObject,
      request: { action, table: table.name, module: definition.moduleId },
    })
  const concerned = rules.filter((rule) => concernsTable(rule.for, definition, table.name))
  for (const rule of concerned) {
    if (rule.kind !== 'row') continue
    for (const action of TABLE_ACTIONS) {
      const condition = rule.conditions[action]
      if (!condition) continue
      const allowsPrevious = action !== 'read'
      const expression = fold(checkRule(condition, { rule: rule.id, table, allowsPrevious }), action)
      if (expression !== ALWAYS) rows[action].push({ rule: rule.id, expression })
    }
  }
  const fields = concerned.filter((rule) => rule.kind === 'field')
  return { table, words, rows, ...bindFields(table, fields, fold) }
}

function bindFields(
  table: TableDefinition,
  rules: readonly FieldRule[],
  fold: (expression: Expression, action: TableAction) => Expression,
): Pick<TableRights, 'hidden' | 'alwaysHidden' | 'sometimesHidden' | 'writable'> {
  const hidden = new Map<string, { rule: string; places: readonly FieldPlace[] }>()
  const sometimesHidden: (FieldCondition & { places: readonly FieldPlace[] })[] = []
  const writable: FieldWriteCondition[] = []
  for (const rule of rules) {
    const context = { rule: rule.id, table, allowsPrevious: false }
    for (const field of fieldsOf(rule, context)) {
      if (rule.read) {
        const expression = fold(checkRule(rule.read, context), 'read')
        const places = placesOf(table, field)
        if (expression === NEVER) hidden.set(field, { rule: rule.id, places })
        else if (expression !== ALWAYS) sometimesHidden.push({ rule: rule.id, field, expression, places })
      }
      // Who may not see a field may not set it either, unless the rule says so.
      const write = rule.write ?? rule.read
      if (write) {
        const checked = checkRule(write, { ...context, allowsPrevious: true })
        const [insert, update] = [fold(checked, 'insert'), fold(checked, 'update')]
        if (insert !== ALWAYS || update !== ALWAYS) {
          writable.push({ rule: rule.id, field, insert, update, places: placesOf(table, field) })
        }
      }
    }
  }
  const alwaysHidden = [...hidden.values()].flatMap(({ places }) => places)
  return { hidden, alwaysHidden, sometimesHidden, writable }
}

/** @throws AppError `invalid-policy` for a field that every record needs. */
function fieldsOf(rule: FieldRule, context: RuleContext): string[] {
  return rule.fields.map((written) => {
    const field = fieldName(written, context)
    if (!UNTOUCHABLE.has(field) && !context.table.primaryKey.includes(field)) return field
    throw wrong(context, `${field} belongs to every record and cannot have a rule`)
  })
}

/** Every spelling of a field, and every place inside nested objects that repeats it. */
export function placesOf(table: TableDefinition, field: string): FieldPlace[] {
  const places: FieldPlace[] = [[field]]
  for (const [key, slot] of compileTable(table).slots) {
    const meaning = slot.field?.name ?? slot.serverField
    if (meaning === field && key !== field) places.push([key])
    for (const nested of slot.nested ?? []) if (nested.field.name === field) places.push([key, ...nested.path])
  }
  return places
}

/** The one condition that a record has to meet to be read. */
export function readCondition(rights: TableRights): Expression {
  return allOf(rights.rows.read.map(({ expression }) => expression))
}

/** Checks every rule against the tables that it means, as far as this module has them. @throws AppError `invalid-policy`. */
export function checkPolicy(policy: Policy, definition: ModuleDefinition): void {
  const auth: AuthScope = { uid: null, role: '', device: null, branch: '', kind: 'person' }
  new ModuleRights('', definition, { auth, permissions: [] }, policy.rules)
}
