import type { WriteRequest } from '../../shared/sdk.ts'

/**
 * Brings the changes of one record together, because a batch names a record once: the later fields win, the version is
 * that of the first. In the order in which the records are first named.
 */
export function combine(writes: readonly WriteRequest[]): WriteRequest[] {
  const combined = new Map<string, WriteRequest>()
  for (const write of writes) {
    const record = write.record as { id?: string; version?: number }
    const name = `${write.table}\n${record.id ?? combined.size}`
    const known = combined.get(name)
    if (known && write.action === 'merge') {
      const { version: _version, ...fields } = record
      combined.set(name, { ...known, record: { ...known.record, ...fields } })
    } else combined.set(name, write)
  }
  return [...combined.values()]
}
