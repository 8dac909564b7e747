import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openDataFolder, releaseDeadThread } from './data-folder.ts'
import { currentProcess, isAlive } from './process-identity.ts'

const moduleUrl = new URL('./data-folder.ts', import.meta.url).href
const HOLD = `import { openDataFolder } from '${moduleUrl}'
openDataFolder(process.argv.at(-1)); process.stdout.write('held\\n'); setInterval(() => {}, 1000)`

let dir: string
const children: ChildProcess[] = []

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mishkah-folder-'))
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(dir, { recursive: true, force: true })
})

const locks = () => readdirSync(dir).filter((name) => name.startsWith('.lock-'))
const locked = (pid: number) =>
  expect.objectContaining({ code: 'data-folder-locked', details: expect.objectContaining({ pid }) })
const missing = expect.objectContaining({ code: 'data-folder-missing' })

/** A folder lock as another process would have left it. */
function writeLock(lock: object, ageMs = 0): void {
  const path = join(dir, '.lock-99-1-abcdef.json')
  writeFileSync(
    path,
    JSON.stringify({ ...currentProcess(), threadId: 1, createdAt: '2020-01-01T00:00:00.000Z', ...lock }),
  )
  const time = new Date(Date.now() - ageMs)
  utimesSync(path, time, time)
}

async function holdInChild(): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', HOLD, dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  await once(child.stdout!, 'data')
  return child
}

test('a folder is made, marked, locked and given back; closing twice is fine', () => {
  const inner = join(dir, 'a', 'b')
  const first = openDataFolder(inner)
  expect(existsSync(join(inner, '.mishkah-data'))).toBe(true)
  first.close()
  first.close()
  const second = openDataFolder(inner)
  expect(second.id).toBe(first.id)
  second.close()
  expect(readdirSync(inner)).toEqual(['.mishkah-data'])
})

test('a second owner in the same process is refused', () => {
  const first = openDataFolder(dir)
  expect(() => openDataFolder(dir)).toThrow(locked(process.pid))
  first.close()
  openDataFolder(dir).close()
})

test('another process is refused by name; after kill -9 the folder is free at once', async () => {
  const child = await holdInChild()
  expect(() => openDataFolder(dir)).toThrow(locked(child.pid!))
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(locks()).toHaveLength(1)
  openDataFolder(dir).close()
  expect(locks()).toEqual([])
})

test('of many that start together exactly one holds', async () => {
  const script = `import { openDataFolder } from '${moduleUrl}'
process.stdin.once('data', () => {
  try { openDataFolder(process.argv.at(-1)); process.stdout.write('held\\n') } catch (error) { process.stdout.write(error.code + '\\n') }
  setInterval(() => {}, 1000)
})
process.stdout.write('waiting\\n')`
  const contenders = Array.from({ length: 6 }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', script, dir], { stdio: ['pipe', 'pipe', 'inherit'] }),
  )
  children.push(...contenders)
  await Promise.all(contenders.map((child) => once(child.stdout, 'data')))
  const answers = contenders.map(async (child) => String((await once(child.stdout, 'data'))[0]).trim())
  for (const child of contenders) child.stdin.write('go\n')
  expect((await Promise.all(answers)).toSorted()).toEqual([...Array(5).fill('data-folder-locked'), 'held'])
})

test.runIf(process.platform === 'linux')('a reused process id is not taken for the owner', () => {
  writeLock({ startedAt: currentProcess().startedAt - 1 })
  openDataFolder(dir).close()
})

test.runIf(process.platform === 'linux')('a lock from before the machine started is stale', () => {
  const [machine, , namespace] = currentProcess().realm.split('|')
  writeLock({ realm: `${machine}|earlier-boot|${namespace}` })
  openDataFolder(dir).close()
})

test('an owner on another machine counts as alive as long as it gives signs of life', () => {
  writeLock({ pid: 4242, realm: 'other|boot|ns' })
  expect(() => openDataFolder(dir)).toThrow(locked(4242))
  writeLock({ pid: 4242, realm: 'other|boot|ns' }, 120_000)
  openDataFolder(dir).close()
})

test('a lock file that power loss emptied does not lock', () => {
  writeFileSync(join(dir, '.lock-1-1-abcdef.json'), '')
  openDataFolder(dir).close()
})

test('what a crashed thread held is given back by its process', async () => {
  const script = `import { openDataFolder } from '${moduleUrl}'
openDataFolder(${JSON.stringify(dir)}); throw new Error('crash')`
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`))
  const { threadId } = worker
  await once(worker, 'error')
  expect(() => openDataFolder(dir)).toThrow(locked(process.pid))
  releaseDeadThread(dir, threadId + 1)
  expect(locks()).toHaveLength(1)
  releaseDeadThread(dir, threadId)
  openDataFolder(dir).close()
})

test('a folder with our databases but without the marker has been lost', () => {
  mkdirSync(join(dir, 'branches', 'dar', 'sqlite'), { recursive: true })
  writeFileSync(join(dir, 'branches', 'dar', 'sqlite', 'branch.db'), '')
  expect(() => openDataFolder(dir)).toThrow(missing)
  expect(locks()).toEqual([])
  writeFileSync(join(dir, '.mishkah-data'), '')
  openDataFolder(dir).close()
})

test('a folder whose databases vanished is refused rather than filled anew', () => {
  openDataFolder(dir).close()
  writeFileSync(join(dir, 'system.db'), '')
  openDataFolder(dir).close()
  rmSync(join(dir, 'system.db'))
  expect(() => openDataFolder(dir)).toThrow(missing)
  rmSync(join(dir, '.mishkah-data'))
  openDataFolder(dir).close()
})

test('a folder in the format of the field server gets a marker', () => {
  mkdirSync(join(dir, 'branches', 'dar', 'modules', 'pos', 'live'), { recursive: true })
  writeFileSync(join(dir, 'modules.json'), '{}')
  openDataFolder(dir).close()
  expect(existsSync(join(dir, '.mishkah-data'))).toBe(true)
})

test('a path that cannot be a folder is refused', () => {
  writeFileSync(join(dir, 'file'), '')
  expect(() => openDataFolder(join(dir, 'file'))).toThrow(missing)
  expect(() => openDataFolder(join(dir, 'file', 'below'))).toThrow(missing)
})

test('liveness of processes', async () => {
  expect(isAlive(currentProcess())).toBe(true)
  expect(isAlive({ ...currentProcess(), pid: 2 ** 22 + 1 })).toBe(false)
  expect(isAlive({ ...currentProcess(), realm: 'elsewhere|x|y' })).toBeUndefined()
})
