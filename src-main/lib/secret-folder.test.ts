import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openSecretFolder, type Seal } from './secret-folder.ts'

const root = mkdtempSync(join(tmpdir(), 'mishkah-secrets-'))
afterAll(() => rmSync(root, { recursive: true }))

test('a secret comes back after a new start, and only its owner may read it', async () => {
  const dir = join(root, 'config', 'tls')
  const store = openSecretFolder(dir)
  expect(await store.find('ca.key')).toBeUndefined()
  await store.save('ca.key', 'one')
  await store.save('ca.key', 'ثانية')
  writeFileSync(join(dir, 'ca.key.tmp'), 'left by a crash', { mode: 0o644 })
  await store.save('ca.key', 'three')
  expect(await openSecretFolder(dir).find('ca.key')).toBe('three')
  expect([statSync(dir).mode & 0o777, statSync(join(dir, 'ca.key')).mode & 0o777]).toEqual([0o700, 0o600])
  await store.remove('ca.key')
  await store.remove('ca.key')
  expect(await store.find('ca.key')).toBeUndefined()
})

test('a seal decides what lies on the disk', async () => {
  const dir = join(root, 'sealed')
  const reversed: Seal = {
    seal: async (text) => Buffer.from([...text].reverse().join('')),
    open: async (sealed) => [...sealed.toString()].reverse().join(''),
  }
  await openSecretFolder(dir, reversed).save('leaf.key', 'secret')
  expect(readFileSync(join(dir, 'leaf.key'), 'utf8')).toBe('terces')
  expect(await openSecretFolder(dir, reversed).find('leaf.key')).toBe('secret')
})

test('names cannot leave the folder', async () => {
  const store = openSecretFolder(join(root, 'names'))
  for (const name of ['../x', '/etc/passwd', '', '.hidden', 'a/b', 'a\\b', 'a\0', 'A']) {
    await expect(store.find(name), name).rejects.toThrow('no name of a secret')
  }
})
