import { AppError } from '../../../src-shared/errors.ts'
import type { TableAction } from '../roles/permissions.ts'
import type { ModuleRights } from '../rules/module-rights.ts'

/**
 * The refusal of an action on a table. `details.rule` names the rule, or the permission that is missing, and nothing that
 * the rule compares with.
 */
export function denied(rights: ModuleRights, table: string, action: TableAction, rule?: string): AppError {
  const missing = `${action}:${table}`
  const message =
    rule === undefined
      ? `The role ${rights.auth.role} does not have the permission ${missing}.`
      : `The rule ${rule} does not let the role ${rights.auth.role} ${action} this record of ${table}.`
  return new AppError('forbidden', message, { details: { rule: rule ?? `permission ${missing}`, table, action } })
}

export function fieldDenied(rights: ModuleRights, table: string, field: string, rule: string): AppError {
  return new AppError('field-not-writable', `The role ${rights.auth.role} may not change ${field} of ${table}.`, {
    details: { rule, table, field },
    errors: [{ field, code: 'field-not-writable', message: 'a rule keeps it' }],
  })
}
