import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { AppError, isAppError } from '../../../src-shared/errors.ts'
import { type Expression, parseExpression } from '../../store/schema/expression.ts'
import type { Role } from '../roles/built-in-roles.ts'
import { parsePermissions, type TableAction } from '../roles/permissions.ts'

/** A rule about the records of a table: an action that it names needs its expression to hold. */
export interface RowRule {
  readonly kind: 'row'
  readonly id: string
  readonly for: RuleTarget
  readonly conditions: Readonly<Partial<Record<TableAction, Expression>>>
}

/** A rule about fields: without `read` to hold they are left out, without `write` they may not be changed. */
export interface FieldRule {
  readonly kind: 'field'
  readonly id: string
  readonly for: RuleTarget
  readonly fields: readonly string[]
  readonly read?: Expression
  readonly write?: Expression
}

export type Rule = RowRule | FieldRule

export interface RuleTarget {
  /** As written: a name, an alias, or `*`. */
  readonly table: string
  /** All modules without. */
  readonly module?: string
  /** Null: every role but those of `exceptRoles`. */
  readonly roles: readonly string[] | null
  readonly exceptRoles: readonly string[]
}

export interface Policy {
  readonly roles: readonly Role[]
  readonly rules: readonly Rule[]
}

export const NO_POLICY: Policy = { roles: [], rules: [] }
/** Below the data root. */
export const POLICY_FILE = join('config', 'policy.json')

const condition = z.union([z.string().min(1), z.boolean()])
const name = z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/)
const ruleShape = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/),
  table: z.union([z.literal('*'), name]),
  module: name.optional(),
  roles: z.array(z.string()).min(1).optional(),
  exceptRoles: z.array(z.string()).optional(),
  fields: z.array(name).min(1).optional(),
  read: condition.optional(),
  write: condition.optional(),
  insert: condition.optional(),
  update: condition.optional(),
  delete: condition.optional(),
  note: z.string().optional(),
})
const policyShape = z.strictObject({
  note: z.string().optional(),
  roles: z
    .record(
      z.string().regex(/^[a-z][a-z0-9_-]{0,63}$/),
      z.strictObject({ label: z.string().max(120).optional(), permissions: z.array(z.unknown()) }),
    )
    .optional(),
  rules: z.array(ruleShape).max(1000).optional(),
})

/**
 * The policy of a data folder; an empty one where it has none.
 *
 * @throws AppError `invalid-policy` with the place of the first mistake (`details.path`).
 */
export function readPolicy(dataDir: string): Policy {
  const path = join(dataDir, POLICY_FILE)
  if (!existsSync(path)) return NO_POLICY
  let value: unknown
  try {
    value = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new AppError('invalid-policy', `${POLICY_FILE} is not JSON.`, { cause })
  }
  return parsePolicy(value)
}

/** @throws AppError `invalid-policy`. */
export function parsePolicy(value: unknown): Policy {
  const result = policyShape.safeParse(value)
  if (!result.success) {
    const [issue] = result.error.issues
    const path = issue?.path.join('.') ?? ''
    throw new AppError('invalid-policy', `The policy is wrong at ${path || 'its top'}: ${issue?.message}.`, {
      details: { path },
    })
  }
  const { roles = {}, rules = [] } = result.data
  if (Object.hasOwn(roles, 'admin')) {
    throw new AppError('invalid-policy', 'The role admin cannot be declared anew.', {
      details: { path: 'roles.admin' },
    })
  }
  const seen = new Set<string>()
  return {
    roles: Object.entries(roles).map(([roleId, { label = roleId, permissions }]) => ({
      roleId,
      label,
      permissions: parsePermissions(permissions, `The role ${roleId}`),
      isBuiltIn: true,
    })),
    rules: rules.map((rule, index) => {
      if (seen.has(rule.id)) throw wrong(rule.id, `rules.${index}.id`, 'its id is used twice')
      seen.add(rule.id)
      return toRule(rule, index)
    }),
  }
}

type WrittenRule = z.output<typeof ruleShape>

function toRule(written: WrittenRule, index: number): Rule {
  const { id, table, module, roles = null, exceptRoles = [], fields } = written
  const target: RuleTarget = { table, roles, exceptRoles, ...(module !== undefined && { module }) }
  const parse = (key: 'read' | 'write' | 'insert' | 'update' | 'delete'): Expression | undefined => {
    const text = written[key]
    return text === undefined ? undefined : parseCondition(id, `rules.${index}.${key}`, text)
  }
  const read = parse('read')
  const write = parse('write')
  if (fields) {
    if (written.insert !== undefined || written.update !== undefined || written.delete !== undefined) {
      throw wrong(id, `rules.${index}`, 'a rule about fields has read and write only')
    }
    if (!read && !write) throw wrong(id, `rules.${index}`, 'it says nothing: read and write are missing')
    return { kind: 'field', id, for: target, fields, ...(read && { read }), ...(write && { write }) }
  }
  const conditions: Partial<Record<TableAction, Expression>> = {}
  if (read) conditions.read = read
  for (const action of ['insert', 'update', 'delete'] as const) {
    const own = parse(action)
    if (own && write) conditions[action] = { kind: 'and', items: [write, own] }
    else if (own ?? write) conditions[action] = (own ?? write)!
  }
  if (Object.keys(conditions).length === 0) throw wrong(id, `rules.${index}`, 'it says nothing')
  return { kind: 'row', id, for: target, conditions }
}

function parseCondition(id: string, path: string, text: string | boolean): Expression {
  if (typeof text === 'boolean') return { kind: 'literal', value: text }
  try {
    return parseExpression(text)
  } catch (error) {
    if (!isAppError(error)) throw error
    throw new AppError('invalid-policy', `The rule ${id}: ${error.message}`, {
      details: { rule: id, path, ...error.details },
      cause: error,
    })
  }
}

function wrong(rule: string, path: string, problem: string): AppError {
  return new AppError('invalid-policy', `The rule ${rule}: ${problem}.`, { details: { rule, path } })
}
