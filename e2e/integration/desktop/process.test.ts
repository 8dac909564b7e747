import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Program, type ProgramOptions, startHeadless } from '../../desktop/desktop-process.ts'

/** Asks again until it is so; processes and browsers take their time on a busy machine. */
const poll = <T>(read: () => T) => expect.poll(read, { timeout: 20_000 })

let dir: string
const programs: Program[] = []

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mishkah-process-'))
})
afterEach(async () => {
  await Promise.all(programs.splice(0).map((program) => program.kill()))
  rmSync(dir, { recursive: true, force: true })
})

function start(args: string[] = [], options: Partial<ProgramOptions> = {}): Program {
  const program = startHeadless({ args: ['--port', '0', '--data', dir, ...args], ...options })
  programs.push(program)
  return program
}

/** Sends lines one after the other until the server is gone. @returns How many were acknowledged. */
async function writeUntilGone(url: string): Promise<number> {
  let acknowledged = 0
  for (;;) {
    const response = await fetch(`${url}/lines`, { method: 'POST', body: `line ${acknowledged + 1}` }).catch(
      () => undefined,
    )
    if (!response?.ok) return acknowledged
    acknowledged++
  }
}

const storedLines = (): string[] => readFileSync(join(dir, 'system.db'), 'utf8').trim().split('\n')
const logged = (): { event: string; level: string }[] =>
  readFileSync(join(dir, 'logs', 'mishkah.log'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as never)

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s while a client writes: a clean stop within 3 s, nothing acknowledged is lost',
  async (signal) => {
    const program = start()
    const url = await program.waitForUrl()
    const writing = writeUntilGone(url)
    await poll(() => storedLines().length).toBeGreaterThan(20)
    const stoppedAt = Date.now()
    program.child.kill(signal)
    expect(await program.exited).toEqual({ code: 0, signal: null })
    expect(Date.now() - stoppedAt).toBeLessThan(3_000)
    expect(storedLines().length).toBeGreaterThanOrEqual(await writing)
    expect(existsSync(join(dir, 'closed-cleanly'))).toBe(true)
    expect(
      logged()
        .map((line) => line.event)
        .slice(-2),
    ).toEqual(['stopping', 'stopped'])
  },
)

test('a server thread that hangs does not keep the process from ending within 3 s', async () => {
  const program = start()
  const url = await program.waitForUrl()
  void fetch(`${url}/hang`, { method: 'POST' }).catch(() => undefined)
  await poll(() =>
    fetch(url, { signal: AbortSignal.timeout(200) }).then(
      () => 'answers',
      () => 'hangs',
    ),
  ).toBe('hangs')
  const stoppedAt = Date.now()
  program.child.kill('SIGTERM')
  expect((await program.exited).code).toBe(1)
  expect(Date.now() - stoppedAt).toBeLessThan(3_000)
})

test('a taken port says so in one sentence and ends with exit code 3', async () => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const address = other.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const program = start(['--port', String(port)])
  expect((await program.exited).code).toBe(3)
  expect(program.output).toContain(`Port ${port} is in use by another program.`)
  other.close()
})

test('a second start on the same data folder names the first and ends with exit code 4, leaving no trace', async () => {
  const first = start()
  await first.waitForUrl()
  const second = start()
  expect((await second.exited).code).toBe(4)
  expect(second.output).toContain(`is in use by process ${first.child.pid}`)
  expect(readFileSync(join(dir, 'logs', 'mishkah.log'), 'utf8')).not.toContain(String(second.child.pid))
})

test('after kill -9 the next start takes the folder at once', async () => {
  const first = start()
  await first.waitForUrl()
  await first.kill()
  await start().waitForUrl()
})

test('a data folder that lost its marker is refused with exit code 4', async () => {
  writeFileSync(join(dir, 'system.db'), '')
  const program = start()
  expect((await program.exited).code).toBe(4)
  expect(program.output).toContain('has lost its marker file')
})

test('bad options end with exit code 2 and name each problem', async () => {
  const program = start(['--nope'], { env: { MISHKAH_OPEN_LAN: 'maybe' } })
  expect((await program.exited).code).toBe(2)
  expect(program.output).toContain('There is no option --nope')
  expect(program.output).toContain('MISHKAH_OPEN_LAN must be 1 or 0')
})

test('--help and --version answer and end with 0', async () => {
  const help = start(['--help'])
  expect((await help.exited).code).toBe(0)
  expect(help.output).toContain('MISHKAH_DATA_DIR')
  const version = start(['--version'])
  expect((await version.exited).code).toBe(0)
  expect(version.output).toMatch(/^\d+\.\d+\.\d+\n$/)
})

test('a runtime that is too old says so in one sentence and ends with exit code 5', () => {
  const old = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.1.0', napi: '9' } })`
  const hook = `data:text/javascript,${encodeURIComponent(old)}`
  const result = spawnSync(process.execPath, ['--import', hook, 'src-main/headless.ts', '--data', dir], {
    encoding: 'utf8',
  })
  expect(result.status).toBe(5)
  expect(result.stderr).toMatch(/^Node 20\.1\.0 is too old for the SQLite driver .*\n$/)
  expect(existsSync(join(dir, '.mishkah-data'))).toBe(false)
})

test('environment names do what flags do; start-up says who can reach the server', async () => {
  const program = start([], { env: { MISHKAH_OPEN_LAN: '1', MISHKAH_LOG_LEVEL: 'error' } })
  await program.waitFor(/without signing in, as cashier/)
  expect(program.output).toContain('everyone who is admitted is an administrator')
  expect(program.output).toMatch(/On the network: /)
  const local = start(['--data', join(dir, 'other')])
  await local.waitFor(/Listening on 127\.0\.0\.1 only, since nobody can sign in yet; use --host or MISHKAH_OPEN_LAN=1/)
})

test('a crashed server thread comes back on the same port', async () => {
  const program = start()
  const url = await program.waitForUrl()
  await fetch(`${url}/crash`, { method: 'POST' })
  await program.waitFor(/server-crashed/)
  await poll(() =>
    fetch(`${url}/healthz`).then(
      (response) => response.status,
      () => 0,
    ),
  ).toBe(200)
  program.child.kill('SIGTERM')
  expect((await program.exited).code).toBe(0)
})

test('the fifth crash within ten minutes is the last: it says so and ends with exit code 1', async () => {
  const program = start()
  const url = await program.waitForUrl()
  let isEnding = false
  void program.exited.then(() => {
    isEnding = true
  })
  while (!isEnding) {
    await fetch(`${url}/crash`, { method: 'POST' }).catch(() => undefined)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  expect((await program.exited).code).toBe(1)
  expect(program.output.match(/server-crashed/g)).toHaveLength(4)
  expect(program.output).toContain('crashed 5 times within ten minutes and stays stopped')
})

test('the real server starts, answers and stops cleanly within 3 s', async () => {
  const program = start([], { testServer: false })
  const url = await program.waitForUrl()
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  const stoppedAt = Date.now()
  program.child.kill('SIGTERM')
  expect((await program.exited).code).toBe(0)
  expect(Date.now() - stoppedAt).toBeLessThan(3_000)
  await start([], { testServer: false }).waitForUrl()
})

test('npm start runs headless where Electron cannot start, says why in one line, and stops cleanly', async () => {
  const env = { ELECTRON_OVERRIDE_DIST_PATH: join(dir, 'no-electron') }
  const program = new Program('scripts/start.ts', { args: ['--port', '0', '--data', dir], env })
  programs.push(program)
  await program.waitForUrl()
  expect(program.output.match(/^Running without a window: .*$/gm)).toEqual([
    'Running without a window: Electron is not installed ("npx install-electron" downloads it).',
  ])
  program.child.kill('SIGTERM')
  expect((await program.exited).code).toBe(0)
})

test('npm start -- --headless says nothing of windows and passes the exit code on', async () => {
  const program = new Program('scripts/start.ts', { args: ['--headless', '--port', '0', '--data', dir] })
  programs.push(program)
  await program.waitForUrl()
  expect(program.output).not.toContain('window')
  const second = new Program('scripts/start.ts', { args: ['--headless', '--port', '0', '--data', dir] })
  programs.push(second)
  expect((await second.exited).code).toBe(4)
})
