import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** `MISHKAH_APP=pos|kds` chooses the app; `MISHKAH_SERVER` is the branch server behind the development server. */
const app = process.env.MISHKAH_APP ?? 'pos'
if (app !== 'pos' && app !== 'kds') throw new Error(`MISHKAH_APP must be pos or kds, not ${app}.`)
const server = process.env.MISHKAH_SERVER ?? 'http://127.0.0.1:3200'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  root: at(app),
  base: './',
  publicDir: at('shared/public'),
  plugins: [react()],
  build: {
    outDir: at(`../dist/apps/${app}`),
    emptyOutDir: true,
    target: 'chrome111',
    // The content security policy allows files only: no data: fonts or scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      '/api': { target: server },
      '/ws': { target: server.replace(/^http/, 'ws'), ws: true },
    },
  },
})
