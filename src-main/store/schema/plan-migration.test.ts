import { expect, test } from 'vitest'
import type { ModuleDefinition } from './definition.ts'
import { parseSchema } from './parse-schema.ts'
import { planMigration } from './plan-migration.ts'

const moduleOf = (tables: object, version = 1): ModuleDefinition => parseSchema({ version, tables }, { moduleId: 'm' })
const withFields = (...fields: object[]) => moduleOf({ t: { fields: [{ name: 'id' }, ...fields] } })
const planFields = (before: object[], after: object[]) =>
  planMigration(withFields(...before), withFields(...after)).steps.map(({ kind, field, isDangerous }) => [
    kind,
    field,
    isDangerous,
  ])

test('a first schema only makes tables', () => {
  const plan = planMigration(undefined, moduleOf({ a: { fields: { id: 'text' } }, b: { fields: { id: 'text' } } }, 3))
  expect(plan).toEqual({
    fromVersion: null,
    toVersion: 3,
    isDangerous: false,
    steps: ['a', 'b'].map((table) => ({
      kind: 'create-table',
      table,
      isDangerous: false,
      message: `Table ${table} is new.`,
    })),
  })
})

test('the same schema needs no step', () => {
  const one = { name: 'a', type: 'decimal', references: { table: 't' }, values: [1, 2] }
  expect(planMigration(withFields(one), withFields(one))).toEqual({
    fromVersion: 1,
    toVersion: 1,
    steps: [],
    isDangerous: false,
  })
})

test('dropped tables come first and are dangerous', () => {
  const before = moduleOf({ old: { fields: { id: 'text' } }, same: { fields: { id: 'text' } } })
  const after = moduleOf({ same: { fields: { id: 'text' } }, new: { fields: { id: 'text' } } }, 2)
  const plan = planMigration(before, after)
  expect(plan.steps.map(({ kind, table, isDangerous }) => [kind, table, isDangerous])).toEqual([
    ['drop-table', 'old', true],
    ['create-table', 'new', false],
  ])
  expect(plan).toMatchObject({ fromVersion: 1, toVersion: 2, isDangerous: true })
})

test.each<[string, object[], object[], unknown[]]>([
  ['a new field', [], [{ name: 'a' }], [['add-field', 'a', false]]],
  ['a new required field', [], [{ name: 'a', required: true }], [['add-field', 'a', true]]],
  [
    'a field that goes',
    [{ name: 'a', index: true }],
    [],
    [
      ['drop-index', 'a', false],
      ['drop-field', 'a', true],
    ],
  ],
  ['a wider type', [{ name: 'a', type: 'integer' }], [{ name: 'a', type: 'text' }], [['change-field', 'a', false]]],
  ['a lossy type', [{ name: 'a', type: 'text' }], [{ name: 'a', type: 'integer' }], [['change-field', 'a', true]]],
  ['json to text', [{ name: 'a', type: 'json' }], [{ name: 'a', type: 'text' }], [['change-field', 'a', true]]],
  [
    'a larger scale',
    [{ name: 'a', type: 'decimal(10,2)' }],
    [{ name: 'a', type: 'decimal(12,4)' }],
    [['change-scale', 'a', false]],
  ],
  [
    'a smaller scale',
    [{ name: 'a', type: 'decimal(10,4)' }],
    [{ name: 'a', type: 'decimal(10,2)' }],
    [['change-scale', 'a', true]],
  ],
  [
    'fewer digits before the point',
    [{ name: 'a', type: 'decimal(10,2)' }],
    [{ name: 'a', type: 'decimal(10,4)' }],
    [['change-scale', 'a', true]],
  ],
  [
    'less precision',
    [{ name: 'a', type: 'decimal(10,2)' }],
    [{ name: 'a', type: 'decimal(8,2)' }],
    [['change-field', 'a', true]],
  ],
  [
    'another wire form',
    [{ name: 'a', type: 'decimal(12,4)' }],
    [{ name: 'a', type: 'decimal(18,8)' }],
    [['change-scale', 'a', true]],
  ],
  ['required now', [{ name: 'a' }], [{ name: 'a', required: true }], [['change-field', 'a', true]]],
  ['no longer required', [{ name: 'a', required: true }], [{ name: 'a' }], [['change-field', 'a', false]]],
  ['a shorter text', [{ name: 'a' }], [{ name: 'a', maxLength: 5 }], [['change-field', 'a', true]]],
  ['a longer text', [{ name: 'a', maxLength: 5 }], [{ name: 'a' }], [['change-field', 'a', false]]],
  ['fewer values', [{ name: 'a', values: ['x', 'y'] }], [{ name: 'a', values: ['y'] }], [['change-field', 'a', true]]],
  ['more values', [{ name: 'a', values: ['x'] }], [{ name: 'a', values: ['y', 'x'] }], [['change-field', 'a', false]]],
  ['values at all', [{ name: 'a' }], [{ name: 'a', values: ['x'] }], [['change-field', 'a', true]]],
  ['a secret', [{ name: 'a' }], [{ name: 'a', secret: true }], [['change-field', 'a', false]]],
  ['no longer a secret', [{ name: 'a', secret: true }], [{ name: 'a' }], [['change-field', 'a', true]]],
  ['an index', [{ name: 'a' }], [{ name: 'a', index: true }], [['add-index', 'a', false]]],
  [
    'a unique index on data',
    [{ name: 'a', index: true }],
    [{ name: 'a', unique: true }],
    [
      ['drop-index', 'a', false],
      ['add-index', 'a', true],
    ],
  ],
  [
    'a unique index on a new field',
    [],
    [{ name: 'a', unique: true }],
    [
      ['add-field', 'a', false],
      ['add-index', 'a', false],
    ],
  ],
  ['another column name', [{ name: 'a' }], [{ name: 'a', columnName: 'b' }], [['change-field', 'a', false]]],
  ['an alias, a default, a label', [{ name: 'a' }], [{ name: 'a', aliases: ['b'], defaultValue: 'x' }], []],
])('%s', (_, before, after, steps) => {
  expect(planFields(before, after)).toEqual(steps)
})

test('another key is dangerous', () => {
  const before = moduleOf({ t: { fields: [{ name: 'id' }, { name: 'b' }] } })
  const after = moduleOf({
    t: {
      fields: [
        { name: 'id', primaryKey: true },
        { name: 'b', primaryKey: true },
      ],
    },
  })
  expect(planMigration(before, after).steps).toMatchObject([{ kind: 'change-key', table: 't', isDangerous: true }])
})

test('declared indexes are compared by name, fields and uniqueness', () => {
  const withIndex = (index?: object) =>
    moduleOf({ t: { fields: ['id', 'a', 'b'].map((name) => ({ name })), indexes: index ? [index] : [] } })
  const kinds = (before: ModuleDefinition, after: ModuleDefinition) =>
    planMigration(before, after).steps.map(({ kind, isDangerous }) => [kind, isDangerous])
  const plain = withIndex({ name: 'i', columns: ['a', 'b'] })
  expect(kinds(withIndex(), plain)).toEqual([['add-index', false]])
  expect(kinds(plain, withIndex())).toEqual([['drop-index', false]])
  expect(kinds(plain, withIndex({ name: 'i', columns: ['a', 'b'], unique: true }))).toEqual([
    ['drop-index', false],
    ['add-index', true],
  ])
  expect(kinds(plain, withIndex({ name: 'i', columns: ['a', 'b'] }))).toEqual([])
})
