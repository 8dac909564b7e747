/** Every value at a path such as `rows[].id`: one for each element; none when the path leads nowhere. */
export function valuesAt(root: unknown, path: string): unknown[] {
  let values: unknown[] = [root]
  for (const step of path.split('.')) {
    const name = step.replace(/\[\]$/, '')
    values = values.flatMap((value) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, name)
        ? [(value as Record<string, unknown>)[name]]
        : [],
    )
    if (step.endsWith('[]')) values = values.flatMap((value) => (Array.isArray(value) ? value : []))
  }
  return values
}

/** The first value at the path; undefined when it leads nowhere. */
export function at(root: unknown, path: string): unknown {
  return valuesAt(root, path)[0]
}

/** The text at the path. Throws when there is none. */
export function textAt(root: unknown, path: string): string {
  const value = at(root, path)
  if (typeof value === 'string') return value
  throw new Error(`no text at ${path} of ${JSON.stringify(root)?.slice(0, 1_000)}`)
}

/** The number at the path. Throws when there is none. */
export function numberAt(root: unknown, path: string): number {
  const value = at(root, path)
  if (typeof value === 'number') return value
  throw new Error(`no number at ${path} of ${JSON.stringify(root)?.slice(0, 1_000)}`)
}

export function jsonTypeOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}
