import { spawn } from 'node:child_process'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

/** The attack tests with their full counts; in `npm test` they run with smaller ones. */
export async function runAttacks(onLine: (text: string) => void): Promise<{ problems: string[] }> {
  const args = ['run', '--project', 'integration', '--reporter', 'verbose', 'e2e/integration/security']
  const child = spawn(join(ROOT, 'node_modules/.bin/vitest'), args, {
    cwd: ROOT,
    env: { ...process.env, MISHKAH_TORTURE: '1', NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const problems: string[] = []
  let rest = ''
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (chunk: string) => {
    const lines = `${rest}${chunk}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (/^\s*[✓×]/.test(line)) onLine(line.trim())
      if (/^\s*×/.test(line)) problems.push(line.trim())
    }
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0 && problems.length === 0) problems.push(`the tests ended with ${code}`)
  return { problems }
}
