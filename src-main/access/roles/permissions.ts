import { AppError } from '../../../src-shared/errors.ts'
import { groupHas } from '../../../src-shared/table-groups.ts'
import type { ModuleDefinition } from '../../store/schema/definition.ts'
import { createTableResolver, type TableResolver } from '../../store/schema/resolve-table.ts'

export type TableAction = 'read' | 'insert' | 'update' | 'delete'

/** Parts of the management that a role may be given. */
export const AREAS = [
  'access',
  'audit',
  'backups',
  'branches',
  'devices',
  'history',
  'metrics',
  'network',
  'people',
  'purge',
  'roles',
  'schemas',
  'sequences',
  'snapshots',
  'status',
  'sync',
] as const
export type Area = (typeof AREAS)[number]

const WORD = /^(?:\*|(read|write|insert|update|delete|manage):(\*|[A-Za-z_][A-Za-z0-9_.-]{0,127}))$/
const MAX_WORDS = 500

/**
 * Reads the permission words of a role.
 *
 * @throws AppError `invalid-policy` naming the first word that is none.
 */
export function parsePermissions(words: readonly unknown[], about: string): string[] {
  if (words.length > MAX_WORDS) throw wrong(`${about} has more than ${MAX_WORDS} permissions.`)
  return words.map((word) => {
    const match = typeof word === 'string' ? WORD.exec(word) : null
    if (!match) throw wrong(`${about} has the permission ${JSON.stringify(word)?.slice(0, 80)}, which is none.`)
    const [, verb, name] = match
    if (verb === 'manage' && name !== '*' && !(AREAS as readonly string[]).includes(name!)) {
      throw wrong(`${about} has ${match[0]}; areas of management are ${AREAS.join(', ')}.`)
    }
    return match[0]
  })
}

function wrong(message: string): AppError {
  return new AppError('invalid-policy', message)
}

/** The word that lets its holder manage `area`; undefined when none does. */
export function findAreaWord(words: readonly string[], area: Area): string | undefined {
  return words.find((word) => word === '*' || word === 'manage:*' || word === `manage:${area}`)
}

/** The word that allows `action` on the table (canonical name); undefined when none does. */
export function findTableWord(
  words: readonly string[],
  definition: ModuleDefinition,
  table: string,
  action: TableAction,
): string | undefined {
  return words.find((word) => {
    if (word === '*') return true
    const [verb, name = ''] = word.split(':')
    const isVerb = verb === action || (verb === 'write' && action !== 'read')
    return isVerb && isMeant(definition, name, table)
  })
}

/** Whether a name in a permission or rule means the table: `*`, a group, or any name under which clients know it. */
export function isMeant(definition: ModuleDefinition, name: string, table: string): boolean {
  if (name === '*' || name === table) return true
  // A table of that very name is meant alone, whatever group is called so.
  if (definition.tables.has(name)) return false
  return groupHas(name, table) ?? findTable(definition, name) === table
}

const resolvers = new WeakMap<ModuleDefinition, TableResolver>()

/** Canonical name of a table; undefined when the module has none of that name, or several. */
export function findTable(definition: ModuleDefinition, name: string): string | undefined {
  let resolve = resolvers.get(definition)
  if (!resolve) {
    resolve = createTableResolver(definition)
    resolvers.set(definition, resolve)
  }
  try {
    return resolve(name).name
  } catch (error) {
    if (error instanceof AppError) return undefined
    throw error
  }
}
