import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readJsonObject, readLines, salvageSnapshot } from './json-files.ts'
import { TakeoverReport } from './types.ts'

const root = mkdtempSync(join(tmpdir(), 'mishkah-json-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const snapshot = {
  moduleId: 'pos',
  tables: {
    a: [
      { id: 'a1', deep: { list: [1, { x: '}]"\\' }] } },
      { id: 'a2', text: 'مرحبا' },
    ],
    settings: { rate: 14, nested: { on: true } },
    b: [{ id: 'b1' }],
  },
  meta: { lastUpdatedAt: '2025-01-07T10:00:00.000Z' },
}

test('a snapshot cut at any character gives whole records only, and more of them the later the cut', () => {
  const text = JSON.stringify(snapshot, null, 2)
  const known = new Map(Object.entries(snapshot.tables.a).map(([, row]) => [row.id, row]))
  let most = 0
  for (let cut = 0; cut < text.length; cut++) {
    const tables = salvageSnapshot(text.slice(0, cut))?.tables as typeof snapshot.tables | undefined
    const rows = tables?.a ?? []
    for (const row of rows) expect(row).toEqual(known.get(row.id))
    expect(rows.length).toBeGreaterThanOrEqual(most)
    most = rows.length
  }
  expect(most).toBe(2)
})

test('lines are numbered, survive the borders of the reading buffer, and the last one may be cut off', () => {
  const long = 'ع'.repeat(700_001)
  writeFileSync(join(root, 'log'), `one\n\n${long}\nlast`)
  const lines = [...readLines(root, 'log', new TakeoverReport())]
  expect(lines.map(({ line, text, isWhole }) => [line, text.length, isWhole])).toEqual([
    [1, 3, true],
    [3, 700_001, true],
    [4, 4, false],
  ])
  expect(lines[1]!.text === long).toBe(true)
})

test('a missing file is no problem, a broken one is reported, a byte-order mark is nothing', () => {
  const report = new TakeoverReport()
  writeFileSync(join(root, 'bom.json'), '\uFEFF{"a":1}')
  writeFileSync(join(root, 'list.json'), '[]')
  writeFileSync(join(root, 'cut.json'), '{"a":')
  expect(['none.json', 'bom.json', 'list.json', 'cut.json'].map((path) => readJsonObject(root, path, report))).toEqual([
    undefined,
    { a: 1 },
    undefined,
    undefined,
  ])
  expect(report.unusable.map(({ item }) => item)).toEqual(['list.json', 'cut.json'])
})
