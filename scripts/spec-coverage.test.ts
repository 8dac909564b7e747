import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const STATES = ['built', 'replaced', 'planned']
const MILESTONES = ['clients', 'closed by default', 'recovery', 'console', 'query and transactions', 'head office']

interface Row {
  line: number
  cells: string[]
}

/** Every row of every table that has the four columns; separators and headings left out. */
function readRows(): Row[] {
  const lines = readFileSync(join(ROOT, 'docs/spec-coverage.md'), 'utf8').split('\n')
  return lines.flatMap((text, index) => {
    if (!text.startsWith('|') || /^\|[\s|:-]+\|$/.test(text)) return []
    const cells = text
      .slice(1, text.lastIndexOf('|'))
      .split('|')
      .map((cell) => cell.trim())
    return cells[0] === 'Promise' ? [] : [{ line: index + 1, cells }]
  })
}

/** Test files, and benches for promises of speed. */
function testFilesOf(where: string): string[] {
  return [...where.matchAll(/`([^`]+\.test\.tsx?|bench\/[^`]+\.ts)`/g)].map((match) => match[1]!)
}

const rows = readRows()

test('the table has a row for each promise, each with four filled cells', () => {
  expect(rows.length).toBeGreaterThan(150)
  expect(rows.filter(({ cells }) => cells.length !== 4 || cells.some((cell) => cell === ''))).toEqual([])
  const promises = rows.map(({ cells }) => `${cells[0]} (${cells[1]})`)
  expect(promises.filter((promise, index) => promises.indexOf(promise) !== index)).toEqual([])
})

test('each state is a known one', () => {
  expect(rows.filter(({ cells }) => !STATES.includes(cells[2]!))).toEqual([])
})

test('what is built names a test, and each named test file exists', () => {
  const isBuilt = ({ cells }: Row) => cells[2] === 'built'
  expect(rows.filter((row) => isBuilt(row) && testFilesOf(row.cells[3]!).length === 0)).toEqual([])
  const named = rows.flatMap(({ line, cells }) => testFilesOf(cells[3]!).map((file) => ({ line, file })))
  expect(named.filter(({ file }) => !existsSync(join(ROOT, file)))).toEqual([])
})

test('what is replaced says by what, and what is planned names a milestone', () => {
  const weak = rows.filter(({ cells: [, , state, where = ''] }) => {
    if (state === 'replaced') return !/^by .{10}/.test(where)
    return state === 'planned' && !MILESTONES.some((name) => where === name || where.startsWith(`${name}:`))
  })
  expect(weak).toEqual([])
})

test('every example of the specification is data that a test executes', () => {
  const text = readFileSync(join(ROOT, 'docs/spec-examples.json'), 'utf8')
  const { examples } = JSON.parse(text) as { examples: { section: string; source: string }[] }
  const sections = new Set(examples.filter((one) => one.source === 'specification').map((one) => one.section))
  for (let n = 1; n <= 10; n++) expect(sections).toContain(`4 / ${n}`)
  for (const part of [
    'client 1',
    'client 2',
    'client 3',
    'server 1',
    'server 2',
    'server 3',
    'server 4',
    'server 5',
    'server 6',
  ]) {
    expect(sections).toContain(`5 / ${part}`)
  }
})
