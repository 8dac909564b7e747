import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { publint } from 'publint'
import { build } from 'vite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { packClient } from '../../../scripts/pack-client.ts'
import { schemaTypes } from '../../../src-client/types/schema-types.ts'
import { startTestServer } from '../../support/server.ts'
import { LIVE_SCRIPT, PROJECT_FILES } from './support/package-project.ts'

/** The npm package, as somebody gets it who installs the tarball in an empty project. */
const execute = promisify(execFile)
const root = join(import.meta.dirname, '../../..')
const schema: unknown = JSON.parse(readFileSync(join(root, 'data/schemas/pos_schema.json'), 'utf8'))
let folder: string
let project: string
let packageDir: string

/** Runs a program in the project. @throws Error with its output when it fails. */
async function run(program: string, args: string[]): Promise<string> {
  const { stdout } = await execute(program, args, { cwd: project, encoding: 'utf8' }).catch((error: unknown) => {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(`${program} ${args.join(' ')}\n${stdout}${stderr}`)
  })
  return stdout
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mishkah-package-'))
  project = join(folder, 'project')
  mkdirSync(project)
  for (const [name, text] of Object.entries(PROJECT_FILES)) writeFileSync(join(project, name), text)
  writeFileSync(join(project, 'pos-tables.ts'), schemaTypes(schema, 'PosTables'))
  const packed = packClient(join(folder, 'package'), folder)
  packageDir = packed.packageDir
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', packed.tarball])
  // What a page brings itself.
  mkdirSync(join(project, 'node_modules/@types'))
  for (const name of ['react', 'react-dom', 'vue', 'svelte', '@types/react']) {
    symlinkSync(join(root, 'node_modules', name), join(project, 'node_modules', name), 'dir')
  }
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('publint has nothing to say', async () => {
  const { messages } = await publint({ pkgDir: packageDir, strict: true, pack: 'npm' })
  expect(messages).toEqual([])
})

test('it installs alone: no dependency comes with it, and the tarball has nothing but modules and their types', () => {
  const lock = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as { packages: object }
  expect(Object.keys(lock.packages)).toEqual(['', 'node_modules/mishkah-client'])
  const manifest = JSON.parse(readFileSync(join(project, 'node_modules/mishkah-client/package.json'), 'utf8'))
  expect(manifest).toMatchObject({ name: 'mishkah-client', type: 'module', sideEffects: false })
  expect(manifest).not.toHaveProperty('dependencies')
  for (const entry of Object.values(manifest.exports)) {
    if (typeof entry === 'object') expect(Object.keys(entry as object)[0]).toBe('types')
  }
})

test.each(['nodenext', 'bundler'])(
  'a strict project that uses every sub-path is well typed (%s)',
  async (resolution) => {
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const module = resolution === 'bundler' ? 'esnext' : resolution
    await run(process.execPath, [tsc, '-p', '.', '--module', module, '--moduleResolution', resolution])
  },
)

test('every sub-path can be imported', async () => {
  const { exports } = JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8')) as { exports: object }
  const paths = Object.keys(exports).filter((path) => path !== './package.json')
  const script = `
    const names = await Promise.all(${JSON.stringify(paths)}.map(async (path) =>
      [path, Object.keys(await import('mishkah-client' + path.slice(1))).sort()]))
    console.log(JSON.stringify(Object.fromEntries(names)))`
  const bindings = ['useQueue', 'useRecord', 'useStatus', 'useTable']
  expect(JSON.parse(await run(process.execPath, ['--input-type=module', '-e', script]))).toEqual({
    '.': ['StoreError', 'createStore'],
    './simple': ['createDB', 'createDBAuto'],
    './pos': ['createPosDb'],
    './auth': ['createDeviceSession', 'pairingSecretOf'],
    './sign': ['createSigner', 'signSocket', 'signedFetch', 'signedPlatform'],
    './indexeddb': ['MishkahIndexedDB'],
    './react': bindings,
    './vue': bindings,
    './svelte': bindings,
    './testing': ['TestBranch', 'TestClock', 'TestDevice', 'TestSocket', 'settle'],
  })
})

test('the test of a page runs without browser, network or server', async () => {
  const output = await run(process.execPath, ['page.test.ts'])
  expect(JSON.parse(output)).toEqual({ isDurable: true, shown: ['ready', 1, 'open'], stored: ['ready', 0] })
})

test('the store works under Node against a real server, and says that nothing survives the process', async () => {
  const server = await startTestServer()
  try {
    writeFileSync(join(project, 'live.js'), LIVE_SCRIPT)
    const output = await run(process.execPath, ['live.js', server.wsUrl])
    expect(JSON.parse(output)).toEqual({ type: 'server:ack', menu: 141, warnings: ['storage-unavailable'] })
  } finally {
    await server.stop()
  }
})

test('a bundler takes only what a page uses: the core stays below 15 kB, a binding brings no other', async () => {
  const bundle = async (code: string): Promise<string> => {
    const entry = join(project, 'bundled.js')
    writeFileSync(entry, code)
    const result = await build({
      ...{ configFile: false, logLevel: 'warn', publicDir: false, root: project },
      build: {
        ...{ write: false, minify: true, target: 'es2022', lib: { entry, formats: ['es'], fileName: 'bundled' } },
        rolldownOptions: { external: ['react', 'vue'], output: { minify: true } },
      },
    })
    const [first] = Array.isArray(result) ? result : [result]
    if (!first || !('output' in first)) throw new Error('nothing was built')
    return first.output[0].code
  }
  const core = await bundle("export { createStore } from 'mishkah-client'")
  expect(gzipSync(core, { level: 9 }).length).toBeLessThan(15 * 1_024)
  const status = await bundle("export { useStatus } from 'mishkah-client/svelte'")
  expect(gzipSync(status, { level: 9 }).length).toBeLessThan(1_024)
})
