import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'vite'

/**
 * Builds the browser SDK: `node scripts/build-client.ts [folder]`, into dist/client when no folder is given.
 *
 * The folder is laid out as the server shows it: `static/lib/mishkah.store.js` and so on as ES modules, and beside each
 * a `*.global.js` for plain script tags, which sets the documented globals and imports nothing.
 */
const root = join(import.meta.dirname, '..')
const entriesFolder = join(root, 'src-client', 'entries')

/** Path below the folder, without the extension -> source file and the globals that its classic script sets. */
const ENTRIES: Readonly<Record<string, { source: string; globals: readonly string[] }>> = {
  'static/lib/mishkah.store': { source: 'mishkah.store.ts', globals: ['createStore'] },
  'static/lib/mishkah.simple-store': { source: 'mishkah.simple-store.ts', globals: ['createDB', 'createDBAuto'] },
  'static/lib/mishkah-indexeddb': { source: 'mishkah-indexeddb.ts', globals: ['MishkahIndexedDB'] },
  'static/lib/mishkah-auth': { source: 'mishkah-auth.ts', globals: ['createDeviceSession', 'pairingSecretOf'] },
  'static/lib/mishkah-sign': {
    source: 'mishkah-sign.ts',
    globals: ['createSigner', 'signedFetch', 'signSocket', 'signedPlatform'],
  },
  'static/pos/pos-mini-db': { source: 'pos-mini-db.ts', globals: ['createPosDb'] },
}

/** Private members of classes stay as they are: written for older browsers they would cost 2 kB of 15. */
const TARGET = 'es2022'

/**
 * Replaces the folder with a new build. It is made beside the old one, which a server may be giving out meanwhile, and
 * which stays when the build fails.
 */
export async function buildClient(outDir = join(root, 'dist', 'client')): Promise<void> {
  const newDir = `${outDir}-${process.pid}`
  mkdirSync(newDir, { recursive: true })
  try {
    await buildAll(newDir)
    rmSync(outDir, { recursive: true, force: true })
    // Another build of the same moment may have been quicker; its files are as good.
    if (!existsSync(outDir)) renameSync(newDir, outDir)
  } finally {
    rmSync(newDir, { recursive: true, force: true })
  }
}

async function buildAll(outDir: string): Promise<void> {
  for (const [path, { source, globals }] of Object.entries(ENTRIES)) {
    const input = join(entriesFolder, source)
    await bundle(outDir, `${path}.js`, input, 'es')
    await bundle(outDir, `${path}.global.js`, input, 'iife', globals)
  }
}

async function bundle(
  outDir: string,
  fileName: string,
  input: string,
  format: 'es' | 'iife',
  globals: readonly string[] = [],
): Promise<void> {
  // One name for the script's result, and from there each documented global.
  const name = '__mishkah'
  const footer = globals.map((global) => `globalThis.${global}=${name}.${global};`).join('')
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    build: {
      outDir,
      emptyOutDir: false,
      target: TARGET,
      minify: true,
      sourcemap: true,
      lib: { entry: input, formats: [format], name, fileName: () => fileName },
      rolldownOptions: { output: { footer: format === 'iife' ? footer : '', minify: true, comments: false } },
    },
  })
}

if (import.meta.main) await buildClient(process.argv[2])
