export type WriteAction = 'insert' | 'update' | 'delete'

/**
 * Names in permissions that mean several tables; one that ends in `_` means all that begin so. `reservations` is none here:
 * the module of the apps has a table of that very name, which is then meant alone. Source: docs/rules.md.
 */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  orders: [
    'order_header',
    'order_line',
    'order_line_modifier',
    'order_line_status_log',
    'order_payment',
    'order_status_log',
    'order_delivery',
    'order_refund',
  ],
  menu: ['menu_'],
  job_orders: ['job_order_'],
}

/**
 * Whether permission words allow a write of a table. The server decides; this only keeps an app from offering what it
 * would refuse.
 *
 * @param resolve - Canonical name of a table that the word calls by an alias.
 */
export function mayWrite(
  words: readonly string[],
  action: WriteAction,
  table: string,
  resolve: (name: string) => string = (name) => name,
): boolean {
  return words.some((word) => {
    if (word === '*') return true
    const [verb, name = ''] = word.split(':')
    if (verb !== action && verb !== 'write') return false
    if (name === '*' || name === table) return true
    const group = Object.hasOwn(GROUPS, name) ? GROUPS[name] : undefined
    if (group) return group.some((one) => (one.endsWith('_') ? table.startsWith(one) : one === table))
    return resolve(name) === table
  })
}
