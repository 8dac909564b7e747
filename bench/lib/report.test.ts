import { expect, test } from 'vitest'
import { budgetFailures, toMarkdown } from './report.ts'
import type { Row } from './row.ts'

const row = (name: string, more: Partial<Row>): Row => {
  return { name, work: `work of ${name}`, ours: '2 ms', limit: '1 ms', ratio: 2, settings: 'none', ...more }
}
const rows = [
  row('paint', { section: 'clients' }),
  row('hello', {}),
  row('snapshot', { budget: { most: 3 } }),
  row('delta', { budget: { most: 1.5 }, why: 'it is hard' }),
]

test('rows about clients have a section of their own with their ratios, and no budget to miss', () => {
  const page = toMarkdown(rows, { machine: [['processor', 'x']], command: 'bench', seconds: 1, failures: [] })
  const sections = page.split('\n## ').slice(1)
  expect(sections.map((text) => text.split('\n')[0])).toEqual([
    ...['Budgets', 'Clients', 'Measured without a budget', 'Missed, and why'],
  ])
  const [budgets, clients, others] = sections as [string, string, string]
  expect(clients).toContain('| work of paint | 2 ms | 1 ms | 2.00 | none |')
  expect([budgets, others].some((text) => text.includes('paint'))).toBe(false)
  expect(others).toContain('work of hello')
  expect(budgetFailures(rows)).toEqual([])
})
