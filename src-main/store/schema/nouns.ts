/** `unitPrice` -> `unit_price`, `SKUCode` -> `sku_code`. */
export function toColumnName(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .toLowerCase()
}

/** `menuItem` and `MenuItem` -> `menu_item`; a name that already has underscores, dots or dashes stays as it is. */
export function toSnakeCase(name: string): string {
  return /[_.:-]/.test(name) ? name : toColumnName(name)
}

/** The last word of a snake_case name in the singular: `menu_items` -> `menu_item`, `order_statuses` -> `order_status`. */
export function toSingular(name: string): string {
  if (name.endsWith('ies') && name.length > 4) return `${name.slice(0, -3)}y`
  if (/(?:ss|us|x|ch|sh)es$/.test(name)) return name.slice(0, -2)
  if (name.endsWith('s') && !/(?:ss|us|is)$/.test(name)) return name.slice(0, -1)
  return name
}

/**
 * The word in front of the ids that the server makes for a table: its short singular noun. `order_header` -> `order`,
 * `order_line` -> `line`, `order_payment` -> `payment`, `menu_items` -> `menu-item`, `pos_shift` -> `pos-shift`.
 */
export function idPrefixOf(tableName: string): string {
  const singular = toSingular(toSnakeCase(tableName))
  const short = singular.endsWith('_header')
    ? singular.slice(0, -'_header'.length)
    : singular.replace(/^order_(?=[a-z]+$)/, '')
  return short.replaceAll('_', '-')
}
