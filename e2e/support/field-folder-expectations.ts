import type { JsonObject } from '../../src-shared/json.ts'
import type { FieldFolderOracle } from './field-folder.ts'

export interface ExpectedRecord {
  branchId: string
  moduleId: string
  table: string
  key: string
  /** Every field that must survive; a server adds its own. */
  record: JsonObject
}

interface Place {
  branchId: string
  moduleId: string
}

/** Collects what the written folder means, while it is written. */
export class FieldExpectations {
  readonly oracle: FieldFolderOracle = {
    branches: {},
    modules: {},
    records: [],
    recordsWithoutKey: [],
    singletons: [],
    absent: [],
    nextNumbers: [],
    archives: [],
    extendedKeys: [],
    unusable: [],
  }

  branches(labels: FieldFolderOracle['branches']): void {
    this.oracle.branches = labels
  }

  modules(forms: FieldFolderOracle['modules']): void {
    this.oracle.modules = forms
  }

  record({ branchId, moduleId }: Place, table: string, key: string, record: JsonObject): void {
    this.oracle.records.push({ branchId, moduleId, table, key, record })
  }

  recordWithoutKey({ branchId, moduleId }: Place, table: string, record: JsonObject): void {
    this.oracle.recordsWithoutKey.push({ branchId, moduleId, table, record })
  }

  singleton({ branchId, moduleId }: Place, name: string, record: JsonObject): void {
    this.oracle.singletons.push({ branchId, moduleId, name, record })
  }

  absent({ branchId, moduleId }: Place, table: string, key: string): void {
    this.oracle.absent.push({ branchId, moduleId, table, key })
  }

  next({ branchId, moduleId }: Place, table: string, field: string, next: number): void {
    this.oracle.nextNumbers.push({ branchId, moduleId, table, field, next })
  }

  archive({ branchId, moduleId }: Place, { entryId, totalRecords }: { entryId: string; totalRecords: number }): void {
    this.oracle.archives.push({ branchId, moduleId, entryId, totalRecords })
  }

  extendedKey(moduleId: string, table: string, primaryKey: string[]): void {
    this.oracle.extendedKeys.push({ moduleId, table, primaryKey })
  }

  unusable(...items: string[]): void {
    this.oracle.unusable.push(...items)
  }
}
