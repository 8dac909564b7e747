import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** One tsconfig a part: each proves that its part uses only the globals and modules it may. */
const PROJECTS = [
  'src-shared/tsconfig.json',
  'src-main/tsconfig.json',
  'src-main/preload/tsconfig.json',
  'src-renderer/tsconfig.json',
  'src-client/tsconfig.json',
  'src-apps/tsconfig.json',
  'tsconfig.tools.json',
]

let failed = false
for (const project of PROJECTS) {
  if (!existsSync(project)) continue
  const result = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', project], { stdio: 'inherit' })
  if (result.status !== 0) {
    failed = true
    console.error(`types: ${project} failed`)
  }
}
process.exit(failed ? 1 : 0)
