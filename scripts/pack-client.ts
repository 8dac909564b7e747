import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readAppVersion } from '../src-main/config/paths.ts'

/**
 * `npm run pack:client`: the browser SDK as the npm package `mishkah-client`, in dist/package, and as a tarball beside
 * it. ES modules with declarations, one file a source, so that a bundler takes only what a page uses. Needs no network.
 */
const root = join(import.meta.dirname, '..')

/** Sub-path -> its module in the package, without the extension. */
const EXPORTS: Readonly<Record<string, string>> = {
  '.': 'client/entries/mishkah.store',
  './simple': 'client/entries/mishkah.simple-store',
  './pos': 'client/entries/pos-mini-db',
  './indexeddb': 'client/entries/mishkah-indexeddb',
  './auth': 'client/entries/mishkah-auth',
  './sign': 'client/entries/mishkah-sign',
  './react': 'client/react/index',
  './vue': 'client/vue/index',
  './svelte': 'client/svelte/index',
  './testing': 'client/testing/index',
}

/** The libraries of the bindings: a page has the one that it is written with. */
const PEERS = { react: '>=18', svelte: '>=3', vue: '>=3.3' }

/**
 * Makes the package.
 *
 * @param outDir - Replaced.
 * @param tarballDir - Gets `mishkah-client-<version>.tgz`.
 * @returns The path of the tarball.
 * @throws Error with the output of the tool that failed.
 */
export function packClient(
  outDir = join(root, 'dist', 'package'),
  tarballDir = join(root, 'dist'),
): { packageDir: string; tarball: string } {
  rmSync(outDir, { recursive: true, force: true })
  mkdirSync(outDir, { recursive: true })
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  run(process.execPath, [tsc, '-p', join(root, 'src-client', 'tsconfig.package.json'), '--outDir', outDir])
  for (const name of ['client', 'shared']) renameSync(join(outDir, `src-${name}`), join(outDir, name))
  for (const name of readdirSync(outDir, { recursive: true, encoding: 'utf8' })) {
    if (/\.(js|d\.ts)$/.test(name)) rewriteImports(join(outDir, name))
  }
  writeFileSync(join(outDir, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`)
  cpSync(join(root, 'src-client', 'README.md'), join(outDir, 'README.md'))
  cpSync(join(root, 'LICENSE'), join(outDir, 'LICENSE'))
  const args = ['pack', outDir, '--pack-destination', tarballDir, '--json', '--offline', '--ignore-scripts']
  const [packed] = toList(JSON.parse(runNpm(args)))
  return { packageDir: outDir, tarball: join(tarballDir, String(packed?.filename)) }
}

/** TypeScript rewrites the extensions in scripts; declarations keep those of the sources, and folders lose their `src-`. */
function rewriteImports(file: string): void {
  const text = readFileSync(file, 'utf8')
  const specifier = /(\bfrom |\bimport\()(['"])(\.{1,2}\/[^'"]+)\2/g
  const written = text.replace(specifier, (_, before: string, quote: string, path: string) => {
    const target = path.replace(/\.ts$/, '.js').replace('/src-shared/', '/shared/')
    return `${before}${quote}${target}${quote}`
  })
  if (written !== text) writeFileSync(file, written)
}

function manifest(): object {
  const exported = Object.entries(EXPORTS).map(([path, module]) => [
    path,
    { types: `./${module}.d.ts`, default: `./${module}.js` },
  ])
  return {
    name: 'mishkah-client',
    version: readAppVersion(),
    description:
      'Tables of a Mishkah branch in the browser: live, usable offline, with a queue of writes that is not lost.',
    keywords: ['offline-first', 'point-of-sale', 'real-time', 'indexeddb', 'sync'],
    license: 'MIT',
    type: 'module',
    sideEffects: false,
    exports: { ...Object.fromEntries(exported), './package.json': './package.json' },
    files: ['client', 'shared'],
    peerDependencies: PEERS,
    peerDependenciesMeta: Object.fromEntries(Object.keys(PEERS).map((name) => [name, { optional: true }])),
  }
}

/** npm lists what it packed, by name in its newest versions. */
function toList(packed: unknown): { filename?: string }[] {
  return Array.isArray(packed) ? packed : Object.values(packed as object)
}

function runNpm(args: string[]): string {
  // As npm itself tells its scripts; else the one of the path, which on Windows is a batch file.
  const cli = process.env.npm_execpath
  return cli?.endsWith('.js') ? run(process.execPath, [cli, ...args]) : run('npm', args, process.platform === 'win32')
}

function run(program: string, args: string[], shell = false): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: root, encoding: 'utf8', shell })
  if (status !== 0) throw new Error(`${program} ${args[0]} failed: ${error ?? ''}\n${stdout}${stderr}`)
  return stdout
}

if (import.meta.main) console.log(packClient().tarball)
