import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Runs everything that proves the product, one suite after the other, goes on after a failure, and ends with one plain
 * line that sums them all: `N passed, N failed, N skipped`.
 */
interface Counts {
  passed: number
  failed: number
  skipped: number
}

interface Suite {
  name: string
  command: string[]
  /** Reads what the suite's reporter wrote; absent for a command that only passes or fails. */
  count?: () => Counts
}

const folder = mkdtempSync(join(tmpdir(), 'mishkah-test-'))
const bin = (name: string): string => join('node_modules', '.bin', name)
const node = process.execPath

const suites: Suite[] = [
  { name: 'format and lint', command: [bin('biome'), 'ci', '.'] },
  { name: 'types', command: [node, 'scripts/typecheck.ts'] },
  {
    name: 'console build',
    command: [bin('vite'), 'build', '--config', 'src-renderer/vite.config.ts', '--logLevel', 'warn'],
  },
  { name: 'client build', command: [node, 'scripts/build-client.ts'] },
  { name: 'apps build', command: [node, 'scripts/build-apps.ts'] },
  vitest('unit'),
  vitest('integration'),
  playwright(),
]

const only = process.argv.slice(2)
const total: Counts = { passed: 0, failed: 0, skipped: 0 }
for (const suite of suites) {
  if (only.length > 0 && !only.includes(suite.name)) continue
  const startedAt = performance.now()
  const code = await run(suite.command)
  const counts = read(suite, code)
  total.passed += counts.passed
  total.failed += counts.failed
  total.skipped += counts.skipped
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0)
  console.log(
    `${suite.name}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped (${seconds} s)\n`,
  )
}
rmSync(folder, { recursive: true, force: true })
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exitCode = total.failed === 0 ? 0 : 1

function vitest(project: string): Suite {
  const file = join(folder, `${project}.json`)
  return {
    name: project,
    command: [
      bin('vitest'),
      'run',
      '--project',
      project,
      '--reporter=dot',
      '--reporter=json',
      `--outputFile.json=${file}`,
    ],
    count: () => {
      const report = JSON.parse(readFileSync(file, 'utf8')) as {
        numPassedTests: number
        numFailedTests: number
        numPendingTests: number
        numFailedTestSuites: number
      }
      // A file that does not even load has no failed test of its own.
      const failed = Math.max(report.numFailedTests, report.numFailedTestSuites > 0 ? 1 : 0)
      return { passed: report.numPassedTests, failed, skipped: report.numPendingTests }
    },
  }
}

function playwright(): Suite {
  const file = join(folder, 'playwright.json')
  process.env.PLAYWRIGHT_JSON_OUTPUT_FILE = file
  return {
    name: 'browser',
    command: [bin('playwright'), 'test', '--config', 'e2e/playwright.config.ts', '--reporter=dot,json'],
    count: () => {
      const { stats } = JSON.parse(readFileSync(file, 'utf8')) as {
        stats: { expected: number; unexpected: number; flaky: number; skipped: number }
      }
      return { passed: stats.expected + stats.flaky, failed: stats.unexpected, skipped: stats.skipped }
    },
  }
}

function read(suite: Suite, code: number): Counts {
  const failure = { passed: 0, failed: 1, skipped: 0 }
  if (!suite.count) return code === 0 ? { passed: 1, failed: 0, skipped: 0 } : failure
  try {
    const counts = suite.count()
    // A suite that fails for a reason of its own (a crash, no tests) must not look green.
    return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts
  } catch (error) {
    console.error(`${suite.name}: no report (${String(error)})`)
    return failure
  }
}

function run(command: string[]): Promise<number> {
  const [program, ...parameters] = command as [string, ...string[]]
  if (program.startsWith('node_modules') && !existsSync(program))
    throw new Error(`${program} is missing: run npm ci first`)
  return new Promise((resolve) => {
    const child = spawn(program, parameters, {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, NO_COLOR: '1' },
      shell: process.platform === 'win32',
    })
    child.once('error', () => resolve(1))
    child.once('exit', (code) => resolve(code ?? 1))
  })
}
