import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type FieldFolderOracle, writeFieldFolder } from '../../../e2e/support/field-folder.ts'
import { isFieldFolder, readFieldFolder } from './read-field-folder.ts'
import type { FieldFolder, FieldModule, FieldTable } from './types.ts'

const scratch = mkdtempSync(join(tmpdir(), 'mishkah-takeover-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

function newFolder(name: string): string {
  const dir = join(scratch, name)
  mkdirSync(dir, { recursive: true })
  return dir
}

function findModule(folder: FieldFolder, branchId: string, moduleId: string): FieldModule | undefined {
  return folder.branches.find((one) => one.branchId === branchId)?.modules.find((one) => one.moduleId === moduleId)
}

function tablesOf(module: FieldModule | undefined): FieldTable[] {
  return [...(module?.tables ?? []), ...(module?.seeds ?? [])]
}

function findTable(
  folder: FieldFolder,
  place: { branchId: string; moduleId: string },
  name: string,
): FieldTable | undefined {
  return tablesOf(findModule(folder, place.branchId, place.moduleId)).find((table) => table.name === name)
}

/** Path to content hash of every file below the folder. */
function fingerprint(dir: string): Record<string, string> {
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((path) =>
    statSync(join(dir, path)).isFile(),
  )
  return Object.fromEntries(
    files.sort().map((path) => [
      path,
      createHash('sha256')
        .update(readFileSync(join(dir, path)))
        .digest('hex'),
    ]),
  )
}

describe.each([1, 7, 20250107])('a field folder of seed %i', (seed) => {
  const dir = newFolder(`seed-${seed}`)
  let oracle: FieldFolderOracle
  let before: Record<string, string>
  let folder: FieldFolder

  beforeAll(() => {
    oracle = writeFieldFolder(dir, { seed })
    before = fingerprint(dir)
    folder = readFieldFolder(dir)
  })

  test('is known as one and left as it was', () => {
    expect(isFieldFolder(dir)).toBe(true)
    expect(fingerprint(dir)).toEqual(before)
  })

  test('names its modules, in all three schema forms, and its branches', () => {
    expect(Object.fromEntries(folder.modules.map((one) => [one.moduleId, one.schemaForm]))).toEqual(oracle.modules)
    expect(Object.fromEntries(folder.branches.map((one) => [one.branchId, one.label]))).toEqual(oracle.branches)
  })

  test('[F5] [F15] [F18] gives each record in its newest state, wherever it lies, with every field', () => {
    for (const { record, key, table, ...place } of oracle.records) {
      const found = findTable(folder, place, table)?.records.find((one) => one.key === key)
      expect(found?.record, `${place.branchId}/${place.moduleId}/${table}/${key}`).toEqual(record)
    }
  })

  test('gives nothing that the oracle does not know', () => {
    const places = (list: { branchId: string; moduleId: string; table: string }[]) =>
      list.map((one) => `${one.branchId}/${one.moduleId}/${one.table}`)
    const counted = (list: string[]) =>
      list.reduce<Record<string, number>>((counts, one) => Object.assign(counts, { [one]: (counts[one] ?? 0) + 1 }), {})
    const read = folder.branches.flatMap(({ branchId, modules }) =>
      modules.flatMap((module) =>
        tablesOf(module)
          .filter((table) => !table.isSingleton)
          .flatMap((table) => table.records.map(() => ({ branchId, moduleId: module.moduleId, table: table.name }))),
      ),
    )
    expect(counted(places(read))).toEqual(counted(places([...oracle.records, ...oracle.recordsWithoutKey])))
    for (const { table, key, ...place } of oracle.absent) {
      expect(findTable(folder, place, table)?.records.map((one) => one.key) ?? []).not.toContain(key)
    }
  })

  test('gives a row without an id a key that stays the same at every reading', () => {
    const again = readFieldFolder(dir)
    for (const { table, record, ...place } of oracle.recordsWithoutKey) {
      const found = findTable(folder, place, table)?.records.filter((one) =>
        Object.entries(record).every(([field, value]) => one.record[field] === value),
      )
      expect(found).toHaveLength(1)
      const field = findTable(folder, place, table)!.primaryKey[0]!
      expect(found![0]!.record[field]).toBe(found![0]!.key)
      expect(findTable(again, place, table)?.records.map((one) => one.key)).toContain(found![0]!.key)
    }
  })

  test('[F35] keeps objects among the tables, and tells joins apart by all their references', () => {
    for (const { name, record, ...place } of oracle.singletons) {
      const table = findTable(folder, place, name)
      expect(table).toMatchObject({ isSingleton: true, records: [{ key: name, record }] })
    }
    const keys = folder.modules.flatMap((one) => one.extendedKeys.map((key) => ({ moduleId: one.moduleId, ...key })))
    expect(keys).toEqual(oracle.extendedKeys)
  })

  test('[F6] hands out no number that a record, an archive or the log has used', () => {
    for (const { next, table, field, ...place } of oracle.nextNumbers) {
      const sequences = findModule(folder, place.branchId, place.moduleId)?.sequences
      expect(sequences?.find((one) => one.table === table && one.field === field)?.next, place.branchId).toBe(next)
    }
  })

  test('finds the purge archives', () => {
    const found = folder.branches.flatMap(({ branchId, modules }) =>
      modules.flatMap(({ moduleId, archives }) =>
        archives.map(({ entryId, totalRecords }) => ({ branchId, moduleId, entryId, totalRecords })),
      ),
    )
    expect(found).toEqual(oracle.archives)
  })

  test('reports what cannot be used, item by item, and nothing else', () => {
    expect(folder.unusable.map((one) => one.item).sort()).toEqual([...oracle.unusable].sort())
    for (const { reason } of folder.unusable) expect(reason).not.toBe('')
  })

  test('reads the security file', () => {
    expect(folder.security).toEqual({
      secretFields: [{ table: 'Employees', fields: ['pinCode'] }],
      lockedTables: ['audit_events'],
    })
  })
})

test('the same seed writes the same folder, another seed another', () => {
  const [one, same, other] = [newFolder('one'), newFolder('same'), newFolder('other')]
  const oracle = writeFieldFolder(one, { seed: 5 })
  expect(writeFieldFolder(same, { seed: 5 })).toEqual(oracle)
  expect(writeFieldFolder(other, { seed: 6 })).not.toEqual(oracle)
  const files = (dir: string) => Object.entries(fingerprint(dir)).filter(([path]) => !path.includes('.sqlite'))
  expect(files(same)).toEqual(files(one))
})

test('an empty folder is no field folder and reads as nothing', () => {
  const dir = newFolder('empty')
  expect(isFieldFolder(dir)).toBe(false)
  expect(readFieldFolder(dir)).toMatchObject({ modules: [], branches: [], rules: [], unusable: [] })
})

test.each([
  ['modules.json', '[]'],
  ['modules.json', '{"modules": {"pos": 7, "__proto__": {"label": "x"}, "constructor": {}}}'],
  ['branches.config.json', '{"branches": {"../up": {}, "dar": null}, "patterns": 3, "defaults": {}}'],
  ['sequence-rules.json', '{"defaults": {"pos": {"order_header": {"id": "x"}}}, "branches": []}'],
  ['schemas/pos_schema.json', '{"schema": {"tables": [null, 3, {"name": 4}, {"fields": []}]}}'],
  ['schemas/pos_schema.json', '\u0000\u0001'],
  ['hybrid-store.sqlite', 'this is not a database, but it is long enough to look at'],
  ['hybrid-store.sqlite', ''],
  ['branches/remal/modules/pos/live/data.json', ''],
  [
    'branches/remal/modules/pos/live/data.json',
    '{"tables": {"__proto__": [{"id": "x"}], "order_header": [null, 4, {"id": {}}]}}',
  ],
  ['branches/remal/modules/pos/live/events.log', 'x\n\n[]\n{"table": "order_header"}\n{"table":5,"record":[]}'],
  ['branches/remal/sequence-state.json', '{"pos:order_header:id": {"last": "many"}, "": 1, "pos": null}'],
  ['branches/remal/modules/pos/seeds/initial.json', '{"tables": {"menu_items": "none", "settings": null}}'],
  ['security/secret_fields.json', '{"secretFields": ["x"], "lockedTables": "all"}'],
])('never throws for %s with bad content, and the other branches stay', (path, text) => {
  const dir = newFolder(
    `bad-${createHash('sha256')
      .update(path + text)
      .digest('hex')
      .slice(0, 8)}`,
  )
  writeFieldFolder(dir, { seed: 3 })
  writeFileSync(join(dir, path), text)
  const folder = readFieldFolder(dir)
  expect(folder.branches.map((one) => one.branchId)).toContain('lab:test')
  expect(Object.prototype).not.toHaveProperty('id')
})
