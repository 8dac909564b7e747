import { budgetText, fulfilment, type Row } from './row.ts'

/** A row may miss its budget by no more than this. */
const LARGEST_MISS = 1.5
/** So many budgets of those that were measured may be missed. */
const MISSES_ALLOWED = 1

export function printRows(rows: readonly Row[]): void {
  for (const row of rows) {
    const verdict =
      row.budget === undefined ? '' : fulfilment(row) >= 1 ? 'ok' : `MISSED by ${(1 / fulfilment(row)).toFixed(2)} x`
    console.log(`\n${row.name}: ${row.work}`)
    console.log(`  ours   ${row.ours}`)
    console.log(`  limit  ${row.limit}`)
    if (row.budget) console.log(`  ratio  ${row.ratio.toFixed(2)} (budget ${budgetText(row)}) ${verdict}`)
    else if (row.section === 'clients') console.log(`  ratio  ${row.ratio.toFixed(2)}`)
    console.log(`  with   ${row.settings}`)
    if (row.why && fulfilment(row) < 1) console.log(`  why    ${row.why}`)
  }
  console.log()
}

/** Rows of one budget (an insert with 16 and with 64 clients) count as one: the worst of them. */
export function budgetFailures(rows: readonly Row[]): string[] {
  const worst = new Map<string, Row>()
  for (const row of rows) {
    if (!row.budget) continue
    const group = row.group ?? row.name
    const known = worst.get(group)
    if (!known || fulfilment(row) < fulfilment(known)) worst.set(group, row)
  }
  const missed = [...worst.values()].filter((row) => fulfilment(row) < 1)
  const failures = missed
    .filter((row) => 1 / fulfilment(row) > LARGEST_MISS)
    .map((row) => `${row.name} misses its budget by ${(1 / fulfilment(row)).toFixed(2)} times.`)
  if (missed.length > MISSES_ALLOWED) {
    failures.push(`${missed.length} budgets of ${worst.size} are missed: ${missed.map(({ name }) => name).join(', ')}.`)
  }
  return failures
}

export function toMarkdown(
  rows: readonly Row[],
  about: { machine: [string, string][]; command: string; seconds: number; failures: string[] },
): string {
  const budgetRows = rows.filter(({ budget }) => budget)
  const clients = rows.filter(({ section }) => section === 'clients')
  const others = rows.filter(({ budget, section }) => !budget && section === undefined)
  const lines = [
    '# Benchmarks',
    '',
    `Made by \`${about.command}\` in ${about.seconds} s; run it again to replace this page. Every number of a budget is a`,
    'ratio of two measurements of the same run that took turns, so that a slow or busy machine slows both sides. Ratios are',
    'medians over the rounds; the first round warms up and is not counted.',
    '',
    '| machine | |',
    '|---|---|',
    ...about.machine.map(([name, value]) => `| ${name} | ${value} |`),
    '',
    '## Budgets',
    '',
    '| work | ours | limit | ratio | budget | settings |',
    '|---|---|---|---|---|---|',
    ...budgetRows.map((row) => {
      const mark = fulfilment(row) >= 1 ? '' : ' (missed)'
      return `| ${row.work} | ${row.ours} | ${row.limit} | ${row.ratio.toFixed(2)} | ${budgetText(row)}${mark} | ${row.settings} |`
    }),
    '',
    ...clientRows(clients),
    ...(others.length === 0
      ? []
      : [
          '## Measured without a budget',
          '',
          '| work | ours | beside | settings |',
          '|---|---|---|---|',
          ...others.map((row) => `| ${row.work} | ${row.ours} | ${row.limit} | ${row.settings} |`),
          '',
        ]),
    ...missedRows(rows),
    ...about.failures.map((failure) => `**${failure}**\n`),
  ]
  return `${lines.join('\n').trimEnd()}\n`
}

function clientRows(rows: readonly Row[]): string[] {
  if (rows.length === 0) return []
  return [
    '## Clients',
    '',
    'The browser SDK in Chromium beside a page without it, which says the same hello to the same server, parses the same',
    'frames, and keeps the records by table and key. No budget is set; a ratio below 1 is in favour of the SDK.',
    '',
    '| work | with the SDK | bare WebSocket page | ratio | settings |',
    '|---|---|---|---|---|',
    ...rows.map((row) => `| ${row.work} | ${row.ours} | ${row.limit} | ${row.ratio.toFixed(2)} | ${row.settings} |`),
    '',
  ]
}

function missedRows(rows: readonly Row[]): string[] {
  const missed = rows.filter((row) => fulfilment(row) < 1)
  if (missed.length === 0) return []
  const reasons = missed.map((row) => {
    const factor = (1 / fulfilment(row)).toFixed(2)
    return `- **${row.name}** misses its budget by ${factor} times${row.why ? `: ${row.why}` : '.'}`
  })
  return ['## Missed, and why', '', ...reasons, '']
}
