import type { JsonObject } from '../../../src-shared/json.ts'
import type { SequenceRule } from '../../../src-shared/protocol/management.ts'

/** Everything in a field data folder that a branch server can go on with, and what it cannot. Plain data. */
export interface FieldFolder {
  modules: FieldModuleType[]
  branches: FieldBranch[]
  rules: FieldRule[]
  /** Tables and fields of security/secret_fields.json, as written there. */
  security: { secretFields: { table: string; fields: string[] }[]; lockedTables: string[] }
  /** What is lost unless a person looks at it. `item` is a path below the folder, with `:line`, `#path` or `/key` where it helps. */
  unusable: TakeoverItem[]
  /** What was read with a change: a made id, an extended key, an alias resolved, a folded branch id mapped back. */
  notes: TakeoverItem[]
}

export interface TakeoverItem {
  item: string
  reason: string
}

export interface FieldModuleType {
  moduleId: string
  label: string
  description: string
  /** Name for data/schemas of the new folder, without `.json`. */
  schemaName: string
  schemaForm: 'field-list' | 'table-map' | 'column-list'
  /** The file as it was read. */
  schema: JsonObject
  /** Tables whose declared key is not unique in the data: the key that is. The schema must be changed to it. */
  extendedKeys: { table: string; primaryKey: string[] }[]
}

export interface FieldBranch {
  branchId: string
  label: string
  modules: FieldModule[]
}

export interface FieldModule {
  moduleId: string
  /** A branch's own schema/definition.json, if it can be read. */
  schemaOverride: JsonObject | null
  /** Tables that hold records. */
  tables: FieldTable[]
  /** Other tables, never written: from the branch's seed, else the module's. To be recorded as seeded. */
  seeds: FieldTable[]
  sequences: FieldSequence[]
  archives: FieldArchive[]
  /** The highest version that data.json knew. */
  version: number
}

export interface FieldTable {
  /** Canonical name; for a singleton the name as written. */
  name: string
  /** One object instead of a list, such as settings: `records` has one entry whose key is the table's name. */
  isSingleton: boolean
  primaryKey: string[]
  records: FieldRecord[]
}

export interface FieldRecord {
  /** Primary key values joined by "::". */
  key: string
  /** Every field as it was stored, and a made primary key where there was none. */
  record: JsonObject
  source: 'data.json' | 'sqlite' | 'events' | 'seed'
}

export interface FieldRule {
  /** Absent for a default of all branches. */
  branchId?: string
  moduleId: string
  table: string
  field: string
  rule: SequenceRule
}

export interface FieldSequence {
  table: string
  field: string
  rule: SequenceRule
  /** Highest number that the state file, a record, an archive or the event log has seen; null when none was used. */
  last: number | null
  /** First number to hand out: the maximum of last + 1 and the rule's start. */
  next: number
}

export interface FieldArchive {
  entryId: string
  createdAt: string
  reason: string | null
  requestedBy: string | null
  /** Path below the folder. */
  file: string
  tables: { name: string; records: JsonObject[] }[]
  totalRecords: number
}

/** Collects what was changed and what cannot be used, each item once. */
export class TakeoverReport {
  readonly unusable: TakeoverItem[] = []
  readonly notes: TakeoverItem[] = []
  readonly #seen = new Set<string>()

  refuse(item: string, reason: string): void {
    this.#add(this.unusable, item, reason)
  }

  note(item: string, reason: string): void {
    this.#add(this.notes, item, reason)
  }

  #add(list: TakeoverItem[], item: string, reason: string): void {
    const key = `${list === this.notes}\0${item}\0${reason}`
    if (this.#seen.has(key)) return
    this.#seen.add(key)
    list.push({ item, reason })
  }
}
