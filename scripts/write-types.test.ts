import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeTypes } from './write-types.ts'

const root = join(import.meta.dirname, '..')
const schemaFile = join(root, 'data/schemas/pos_schema.json')
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mishkah-types-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('the types that the apps use are those of the schema that we ship', () => {
  const file = join(folder, 'pos-tables.ts')
  expect(writeTypes(schemaFile, file, 'PosTables')).toBe(45)
  expect(readFileSync(join(root, 'src-apps/shared/pos-tables.ts'), 'utf8')).toBe(readFileSync(file, 'utf8'))
})

test('the command writes a declaration file that TypeScript takes', () => {
  const file = join(folder, 'tables.d.ts')
  const result = runTypes(schemaFile, file, 'PosTables')
  expect([result.status, result.stdout]).toEqual([0, `${file}: 45 tables\n`])
  const user = `import type { OrderLine, PosTables } from './tables.d.ts'
export const quantity = (line: OrderLine): number | null | undefined => line.quantity
// @ts-expect-error no such table
export type None = PosTables['order_lines']
`
  writeFileSync(join(folder, 'user.ts'), user)
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const flags = ['--strict', '--noEmit', '--types', '', '--allowImportingTsExtensions', '--module', 'nodenext']
  const check = spawnSync(process.execPath, [tsc, ...flags, join(folder, 'user.ts')], { encoding: 'utf8' })
  expect([check.status, check.stdout]).toEqual([0, ''])
})

test.each([
  ['a file that is not there', join('nowhere', 'schema.json'), undefined, /cannot be read: ENOENT/],
  ['a file that is not JSON', 'text.json', 'tables: none', /is not JSON/],
  ['JSON without tables', 'empty.json', '{"tables": {}}', /is no schema: it has no tables/],
  ['JSON that is no object', 'null.json', 'null', /is no schema/],
])('%s is refused with a sentence, and nothing is written', (_, name, text, message) => {
  const source = join(folder, name)
  if (text !== undefined) writeFileSync(source, text)
  const target = join(folder, 'never.d.ts')
  const result = runTypes(source, target)
  expect([result.status, result.stderr]).toEqual([1, expect.stringMatching(message)])
  expect(existsSync(target)).toBe(false)
})

test('a name that is no name is refused; without files the usage is shown', () => {
  expect(() => writeTypes(schemaFile, join(folder, 'never.d.ts'), 'Pos Tables')).toThrow('cannot be the name of a type')
  expect(runTypes()).toMatchObject({ status: 2, stderr: expect.stringContaining('usage: npm run types') })
})

function runTypes(...args: string[]) {
  return spawnSync(process.execPath, [join(root, 'scripts/write-types.ts'), ...args], { encoding: 'utf8' })
}
