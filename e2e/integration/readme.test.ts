import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startTestServer } from '../support/server.ts'

const readme = readFileSync('README.md', 'utf8')

test('the README: health, all tables of the demo branch with their seeds, and the ten-line client', async () => {
  const server = await startTestServer()
  onTestFinished(() => server.stop())

  expect(await (await fetch(`${server.url}/healthz`)).json()).toMatchObject({ status: 'ok' })
  const module = (await (await fetch(`${server.url}/api/branches/dar/modules/pos`)).json()) as {
    tables: Record<string, unknown[]>
  }
  const lists = Object.values(module.tables).filter(Array.isArray)
  expect(lists).toHaveLength(45)
  expect(module.tables.menu_items!.length).toBeGreaterThanOrEqual(120)
  expect(module.tables).toMatchObject({ settings: { currency: 'EGP' } })

  const code = /```js\n([\s\S]*?)```/.exec(readme)![1]!
  expect(code.trim().split('\n')).toHaveLength(10)
  const folder = mkdtempSync(join(tmpdir(), 'mishkah-readme-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'client.mjs')
  writeFileSync(file, code.replace('ws://127.0.0.1:3200/ws', server.wsUrl))
  const output = await run(file)
  expect(output).toMatch(/^server:ack (\d+) (line-\S+)\nserver:event \1 \2\n$/)
})

function run(file: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'], timeout: 20_000 })
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += String(chunk)
    })
    child.once('exit', (code) => (code === 0 ? resolve(output) : reject(new Error(`exit code ${code}: ${output}`))))
  })
}
