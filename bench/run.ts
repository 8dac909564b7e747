import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { describeMachine, watchStolenTime } from './lib/machine.ts'
import { budgetFailures, printRows, toMarkdown } from './lib/report.ts'
import type { Row } from './lib/row.ts'
import { BENCHES } from './rows/all.ts'

const USAGE = `npm run bench -- [options]

  --only <name>   one bench, or several with commas: ${BENCHES.map(({ name }) => name).join(', ')}
  --quick         shorter rounds and smaller data, under three minutes
  --write         write docs/benchmarks.md
  --budget        exit with 1 when fewer than eight rows of nine meet their budget, or one misses it by more than 1.5 times
  --verbose       print every measurement
`

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    budget: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) process.stdout.write(USAGE)
else await main()

async function main(): Promise<void> {
  const names = values.only?.split(',')
  const unknown = names?.find((name) => !BENCHES.some((bench) => bench.name === name))
  if (unknown !== undefined) throw new Error(`There is no bench "${unknown}".\n\n${USAGE}`)
  const machine = describeMachine()
  for (const [name, value] of machine) console.log(`${name.padEnd(18)}${value}`)
  const rows: Row[] = []
  const startedAt = performance.now()
  const stolenInAll = watchStolenTime()
  for (const bench of BENCHES.filter(({ name }) => !names || names.includes(name))) {
    const folder = mkdtempSync(join(tmpdir(), 'mishkah-bench-'))
    try {
      const benchStartedAt = performance.now()
      const stolen = watchStolenTime()
      const progress = (text: string): void => void (values.verbose && console.log(`  ${bench.name}: ${text}`))
      rows.push(...(await bench.run({ isQuick: values.quick, folder, progress })))
      const benchSeconds = Math.round((performance.now() - benchStartedAt) / 1_000)
      console.log(`${bench.name}: ${benchSeconds} s, ${stolenText(stolen())}`)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  const seconds = Math.round((performance.now() - startedAt) / 1_000)
  machine.push(['other guests of its host', stolenText(stolenInAll())])
  printRows(rows)
  const failures = budgetFailures(rows)
  for (const failure of failures) console.log(failure)
  console.log(`${rows.length} rows in ${seconds} s${values.quick ? ', quick' : ''}`)
  if (values.write) {
    const command = `npm run bench -- ${process.argv.slice(2).join(' ')}`
    writeFileSync(
      resolve(import.meta.dirname, '../docs/benchmarks.md'),
      toMarkdown(rows, { machine, command, seconds, failures }),
    )
  }
  if (values.budget && failures.length > 0) process.exitCode = 1
}

/** @param share - 0 to 1. */
function stolenText(share: number | undefined): string {
  return share === undefined ? 'stolen time unknown' : `${(share * 100).toFixed(1)} % of the processor time stolen`
}
