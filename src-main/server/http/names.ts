/** A list of names, or one text with commas, semicolons or spaces; undefined for anything else. */
export function namesOf(value: unknown): string[] | undefined {
  const parts = typeof value === 'string' ? value.split(/[,;\s]+/) : Array.isArray(value) ? value : undefined
  return parts?.filter((part): part is string => typeof part === 'string' && part !== '')
}

/** The first of these fields that holds text. */
export function textIn(body: Readonly<Record<string, unknown>>, ...names: string[]): string | undefined {
  for (const name of names) {
    const value = body[name]
    if (typeof value === 'string' && value.trim() !== '') return value.trim()
  }
  return undefined
}
