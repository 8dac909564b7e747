import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

const root = fileURLToPath(new URL('.', import.meta.url))
/** React Aria ships the texts of 34 languages; the console speaks two. */
const FOREIGN_TEXTS = /react-(aria|stately|aria-components)\/.*\/(?!en-US|ar-AE)[a-z]{2}-[A-Z]{2}\.m?js$/

function onlyOurLanguages(): Plugin {
  return {
    name: 'only-our-languages',
    enforce: 'pre',
    load: (id) => (FOREIGN_TEXTS.test(id) ? 'export default {}' : undefined),
  }
}

/** Built for two addresses at once: /console/ of the server and app://console of the window. */
export default defineConfig({
  root,
  base: './',
  plugins: [onlyOurLanguages(), react()],
  build: {
    outDir: fileURLToPath(new URL('../dist/console', import.meta.url)),
    emptyOutDir: true,
    target: 'chrome120',
    // The content security policy allows files only: no data: fonts or scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
  server: {
    port: 5173,
    proxy: {
      '/api': { target: 'http://127.0.0.1:3200' },
      '/ws': { target: 'ws://127.0.0.1:3200', ws: true },
    },
  },
})
