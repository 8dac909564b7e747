import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/**
 * `npm run dev`: the headless server, started again when a file of src-main or src-shared changes, and Vite's server for
 * the console beside it. Options go to the server: `npm run dev -- --port 3300`.
 */
const root = join(import.meta.dirname, '..')
const children: ChildProcess[] = []

function run(args: string[]): void {
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' })
  child.on('exit', (code) => end(code ?? 0))
  children.push(child)
}

let isEnding = false
function end(code: number): void {
  if (isEnding) return
  isEnding = true
  process.exitCode = code
  for (const child of children) child.kill('SIGTERM')
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => end(0))

const watched = ['src-main', 'src-shared', 'data'].filter((folder) => existsSync(join(root, folder)))
const server = join(root, 'src-main', 'headless.ts')
run([
  ...watched.map((folder) => `--watch-path=${join(root, folder)}`),
  '--watch-preserve-output',
  server,
  ...process.argv.slice(2),
])

const consoleConfig = join(root, 'src-renderer', 'vite.config.ts')
if (existsSync(consoleConfig)) run([join(root, 'node_modules', 'vite', 'bin', 'vite.js'), '--config', consoleConfig])
else console.log('The console has no sources yet; only the server runs.')
