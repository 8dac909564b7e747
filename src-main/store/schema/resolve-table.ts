import { AppError } from '../../../src-shared/errors.ts'
import type { ModuleDefinition, TableDefinition } from './definition.ts'
import { toSnakeCase } from './nouns.ts'

export type TableResolver = (name: string) => TableDefinition

/**
 * Names that clients in the field use for tables of a point of sale, whether the schema declares them or not. They
 * count only where the module has the table.
 */
const GENERAL_ALIASES: Record<string, string> = {
  order_header: 'orders order order_headers orderheader orderheaders',
  order_line: 'order_lines orders_lines orderline orderlines line_items',
  order_payment: 'payments payment order_payments pos_payment pos_payments',
  pos_shift: 'pos_shifts shifts shift',
  job_order_header: 'job_orders job_order_headers',
  job_order_detail: 'job_order_details',
  order_delivery: 'deliveries order_deliveries',
  table_lock: 'tableLocks',
  audit_events: 'auditEvents',
  pos_database: 'stores',
  menu_items: 'items',
  menu_item: 'items',
  menu_modifiers: 'add_ons removals',
  menu_modifier: 'add_ons removals',
}

const MAX_REMEMBERED = 1000
const MAX_SHOWN_NAME = 64

/**
 * A function from any name that a client may use to the table it means: the exact name, then the aliases that the
 * schema declares, then the general ones, then camelCase for snake_case and simple plurals and singulars. An earlier
 * step wins over a later one. Answers are remembered; unknown names are not, so strangers cannot fill the memory.
 *
 * The function throws AppError `table-not-found`, or `ambiguous-table` when a step leads to more than one table.
 */
export function createTableResolver(module: ModuleDefinition): TableResolver {
  const declared = new Map<string, TableDefinition[]>()
  const general = new Map<string, TableDefinition[]>()
  const bySnakeName = new Map<string, TableDefinition[]>()
  for (const table of module.tables.values()) {
    for (const alias of table.aliases) addTo(declared, alias, table)
    const words = Object.hasOwn(GENERAL_ALIASES, table.name) ? GENERAL_ALIASES[table.name] : undefined
    for (const alias of words?.split(' ') ?? []) addTo(general, alias, table)
    addTo(bySnakeName, toSnakeCase(table.name), table)
  }
  const remembered = new Map<string, TableDefinition>()

  return (name) => {
    const known = module.tables.get(name) ?? remembered.get(name)
    if (known) return known
    const found =
      declared.get(name) ?? general.get(name) ?? bySnakeName.get(toSnakeCase(name)) ?? numberForms(bySnakeName, name)
    const table = single(found, name)
    if (remembered.size < MAX_REMEMBERED) remembered.set(name, table)
    return table
  }
}

function addTo(map: Map<string, TableDefinition[]>, name: string, table: TableDefinition): void {
  const tables = map.get(name)
  if (tables === undefined) map.set(name, [table])
  else if (!tables.includes(table)) tables.push(table)
}

/** Tables whose name is the singular or plural of this one. */
function numberForms(tables: ReadonlyMap<string, TableDefinition[]>, name: string): TableDefinition[] {
  const snake = toSnakeCase(name)
  const forms = [`${snake}s`, `${snake}es`]
  if (snake.endsWith('y')) forms.push(`${snake.slice(0, -1)}ies`)
  if (snake.endsWith('s')) forms.push(snake.slice(0, -1))
  if (snake.endsWith('es')) forms.push(snake.slice(0, -2))
  if (snake.endsWith('ies')) forms.push(`${snake.slice(0, -3)}y`)
  return [...new Set(forms.flatMap((form) => tables.get(form) ?? []))]
}

function single(tables: TableDefinition[], name: string): TableDefinition {
  const [table, other] = tables
  const shown = String(name).slice(0, MAX_SHOWN_NAME)
  if (table === undefined) throw new AppError('table-not-found', `The module has no table "${shown}".`)
  if (other === undefined) return table
  const names = tables.map((each) => each.name)
  throw new AppError(
    'ambiguous-table',
    `"${shown}" could mean the tables ${names.join(' and ')}; use the exact name.`,
    {
      details: { tables: names },
    },
  )
}
