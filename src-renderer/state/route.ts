export const SCREENS = [
  'overview',
  'tables',
  'snapshots',
  'purge',
  'sequences',
  'backups',
  'devices',
  'people',
  'roles',
  'audit',
] as const
export type Screen = (typeof SCREENS)[number]

export interface Route {
  screen: Screen
  /** What the screen shows: a table, for one. */
  item: string | null
}

/** `#/tables/order_header` -> tables, order_header. Anything unknown is the overview. */
export function parseRoute(hash: string): Route {
  const [first = '', second = ''] = hash
    .replace(/^#?\/?/, '')
    .split('?')[0]!
    .split('/')
  const screen = SCREENS.find((name) => name === first)
  if (!screen) return { screen: 'overview', item: null }
  return { screen, item: second === '' ? null : safeDecode(second) }
}

export function toHash({ screen, item }: { screen: Screen; item?: string | null }): string {
  return item ? `#/${screen}/${encodeURIComponent(item)}` : `#/${screen}`
}

function safeDecode(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}
