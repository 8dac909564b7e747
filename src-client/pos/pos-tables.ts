/** Spellings that POS pages use, beside the aliases of the schema. */
export const POS_ALIASES: Readonly<Record<string, string>> = {
  orders: 'order_header',
  order: 'order_header',
  lines: 'order_line',
  order_lines: 'order_line',
  payments: 'order_payment',
  payment: 'order_payment',
  shifts: 'pos_shift',
  shift: 'pos_shift',
  items: 'menu_items',
  menu_item: 'menu_items',
  categories: 'menu_categories',
  menu_category: 'menu_categories',
  dining_table: 'dining_tables',
  job_orders: 'job_order_header',
  deliveries: 'order_delivery',
  locks: 'table_lock',
}

/** Tables of a page that names none. */
export const DEFAULT_TABLES: readonly string[] = [
  'order_header',
  'order_line',
  'order_payment',
  'order_delivery',
  'pos_shift',
  'menu_items',
  'menu_categories',
  'dining_tables',
  'payment_methods',
  'kitchen_sections',
  'job_order_header',
  'job_order_detail',
]

/** The known name that is nearest by spelling; undefined when none is near. */
export function suggestName(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1
  for (const candidate of known) {
    const distance = editDistance(plain(name), plain(candidate))
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** orderHeader, order-header and ORDER_HEADER are spelled alike. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '')
}

function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let i = 1; i <= one.length; i++) {
    const next = [i]
    for (let j = 1; j <= other.length; j++) {
      const isSame = one[i - 1] === other[j - 1]
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (isSame ? 0 : 1)))
    }
    row = next
  }
  return row[other.length]!
}
