/**
 * Words of permissions that mean several tables, as the specification grants orders and menus whole. A name that ends in
 * `_` means every table whose name begins so. Source: docs/rules.md.
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
  reservations: ['reservations', 'reservation_'],
}

/** Whether the group has the table (canonical name); undefined when no group is called so. */
export function groupHas(group: string, table: string): boolean | undefined {
  if (!Object.hasOwn(GROUPS, group)) return undefined
  return GROUPS[group]!.some((name) => (name.endsWith('_') ? table.startsWith(name) : table === name))
}
