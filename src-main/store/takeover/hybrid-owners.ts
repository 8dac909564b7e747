import type { BranchNames, KnownBranch } from './branch-names.ts'
import { readEventLines } from './event-lines.ts'
import { readKey, resolveTable, type SchemaShape } from './field-schema.ts'
import type { HybridRow } from './hybrid-sqlite.ts'
import type { ModuleSource } from './module-source.ts'
import { rowsOf } from './table-rows.ts'
import { TakeoverReport } from './types.ts'

interface Lookup {
  root: string
  names: BranchNames
  schemas: ReadonlyMap<string, SchemaShape>
  report: TakeoverReport
  /** Reads the files of a branch's module; the same object each time. */
  sourceOf(branch: KnownBranch, moduleId: string): ModuleSource
}

/**
 * Gives each row of hybrid-store.sqlite back to its branch. The field server writes branch ids in lower case, so DAR and
 * dar share rows: there the row's own branchId decides, then which of the two has the record in its files, and what
 * neither tells is reported.
 */
export function assignRows(rows: readonly HybridRow[], lookup: Lookup): Map<string, HybridRow[]> {
  const owned = new Map<string, HybridRow[]>()
  const evidence = new Map<string, Set<string>>()
  for (const row of rows) {
    const branch = findOwner(row, lookup, evidence)
    const moduleId = branch && findModule(branch, row, lookup)
    if (!branch || moduleId === undefined) continue
    const key = ownerKey(branch.branchId, moduleId)
    const list = owned.get(key)
    if (list) list.push(row)
    else owned.set(key, [row])
  }
  return owned
}

export function ownerKey(branchId: string, moduleId: string): string {
  return `${branchId}\0${moduleId}`
}

function findOwner(row: HybridRow, lookup: Lookup, evidence: Map<string, Set<string>>): KnownBranch | undefined {
  const folded = row.branchId.toLowerCase()
  const written = typeof row.record.branchId === 'string' ? row.record.branchId : undefined
  const isOwnName = written !== undefined && written.toLowerCase() === folded
  const candidates = [...lookup.names.branches.values()].filter((one) => one.branchId.toLowerCase() === folded)
  const [first, second] = candidates
  if (!first) {
    if (folded === '') {
      lookup.report.refuse(row.item, 'the row names no branch')
      return undefined
    }
    const branchId = isOwnName ? written : row.branchId
    lookup.report.note(`hybrid-store.sqlite#${row.branchId}`, `branch ${branchId} is known from this file only`)
    return lookup.names.addUnknown(branchId)
  }
  if (!second) {
    if (first.branchId !== row.branchId) {
      lookup.report.note(
        `hybrid-store.sqlite#${row.branchId}`,
        `rows of ${row.branchId} belong to branch ${first.branchId}`,
      )
    }
    return first
  }
  const named = isOwnName ? candidates.find((one) => one.branchId === written) : undefined
  if (named) return named
  const holders = candidates.filter((branch) => holdsRecord(branch, row, lookup, evidence))
  if (holders.length === 1) return holders[0]
  const ids = candidates.map((one) => one.branchId).join(' and ')
  lookup.report.refuse(row.item, `the row may belong to ${ids}; the field server writes both in lower case`)
  return undefined
}

function findModule(branch: KnownBranch, row: HybridRow, lookup: Lookup): string | undefined {
  const folded = row.moduleId.toLowerCase()
  const own = branch.moduleIds.find((moduleId) => moduleId.toLowerCase() === folded)
  if (own !== undefined) return own
  const known = [...lookup.schemas.keys()].find((moduleId) => moduleId.toLowerCase() === folded)
  if (known === undefined) {
    lookup.report.refuse(row.item, `module ${row.moduleId} has no usable schema`)
    return undefined
  }
  branch.moduleIds.push(known)
  lookup.report.note(row.item, `module ${known} was added to branch ${branch.branchId}: it has records here`)
  return known
}

function holdsRecord(branch: KnownBranch, row: HybridRow, lookup: Lookup, evidence: Map<string, Set<string>>): boolean {
  const moduleId = branch.moduleIds.find((id) => id.toLowerCase() === row.moduleId.toLowerCase())
  const schema = moduleId === undefined ? undefined : lookup.schemas.get(moduleId)
  const table = schema && resolveTable(schema, row.table)
  const key = table && readKey(table, table.primaryKey, row.record)
  if (moduleId === undefined || !schema || !table || key === undefined) return false
  const place = ownerKey(branch.branchId, moduleId)
  let keys = evidence.get(place)
  if (!keys) {
    keys = readFileKeys(lookup.sourceOf(branch, moduleId), schema, lookup.root)
    evidence.set(place, keys)
  }
  return keys.has(`${table.name}\0${key}`)
}

/** Keys of all records that data.json and the event log of a module name. */
function readFileKeys(source: ModuleSource, schema: SchemaShape, root: string): Set<string> {
  const keys = new Set<string>()
  const silent = new TakeoverReport()
  for (const [name, value] of source.live.tables) {
    const table = resolveTable(schema, name)
    if (!table) continue
    for (const row of rowsOf(value) ?? []) {
      const key = readKey(table, table.primaryKey, row)
      if (key !== undefined) keys.add(`${table.name}\0${key}`)
    }
  }
  if (source.path === null) return keys
  for (const line of readEventLines(root, `${source.path}/live/events.log`, silent)) {
    const table = resolveTable(schema, line.table)
    if (!table) continue
    const key = readKey(table, table.primaryKey, line.event.record) ?? line.event.key
    if (key !== undefined) keys.add(`${table.name}\0${key}`)
  }
  return keys
}
