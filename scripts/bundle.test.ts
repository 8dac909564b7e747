import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildPages, isStale, type PagePart } from './bundle.ts'

let folder: string
/** As the parts name files: relative to the project. */
const named = (name: string): string => relative(join(import.meta.dirname, '..'), join(folder, name))
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mishkah-pages-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function touch(name: string, atSeconds: number): void {
  writeFileSync(join(folder, name), name)
  utimesSync(join(folder, name), atSeconds, atSeconds)
}

test('a build is stale while it is absent or older than one of its sources', () => {
  touch('source.ts', 100)
  expect(isStale(named('built.js'), [named('source.ts')])).toBe(true)
  touch('built.js', 101)
  expect(isStale(named('built.js'), [named('source.ts'), named('absent')])).toBe(false)
  touch('source.ts', 102)
  expect(isStale(named('built.js'), [named('absent'), named('source.ts')])).toBe(true)
})

test('a part that cannot be built is told and costs the others nothing; a fresh one is left alone', async () => {
  touch('other-source.ts', 100)
  touch('fresh.js', 101)
  const built: string[] = []
  const part = (name: string, output: string, build: () => Promise<unknown>): PagePart => ({
    ...{ name, output: named(output), sources: [named('other-source.ts')] },
    build: async () => {
      built.push(name)
      await build()
    },
  })
  const failures = await buildPages([
    part('console', 'absent.js', () => Promise.reject(new Error('no such module'))),
    part('fresh', 'fresh.js', async () => undefined),
    part('app', 'app.js', async () => touch('app.js', 101)),
  ])
  expect(built).toEqual(['console', 'app'])
  expect(failures.map(({ message }) => message)).toEqual(['The console could not be built: no such module'])
})
