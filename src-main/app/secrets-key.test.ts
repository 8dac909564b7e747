import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type KeyStore, openSecretsKey } from './secrets-key.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mishkah-key-'))
  path = join(folder, 'user', 'secrets-key')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Electron's key store of one user: it opens only what it sealed itself. */
function keyStore(user: string, more: Partial<KeyStore> = {}): KeyStore {
  const mask = (bytes: Buffer): Buffer =>
    Buffer.from(bytes.map((byte, at) => byte ^ (user.charCodeAt(at % user.length) + 1)))
  return {
    isEncryptionAvailable: () => true,
    encryptString: (text) => mask(Buffer.from(`${user}:${text}`)),
    decryptString(sealed) {
      const text = mask(sealed).toString()
      if (!text.startsWith(`${user}:`)) throw new Error('sealed by another')
      return text.slice(user.length + 1)
    },
    ...more,
  }
}

test('a key is made once, kept sealed, and read again', () => {
  const key = openSecretsKey(keyStore('sara'), path)!
  expect(Buffer.from(key, 'base64url')).toHaveLength(32)
  expect(readFileSync(path).includes(key)).toBe(false)
  if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(openSecretsKey(keyStore('sara'), path)).toBe(key)
})

test('one that another user sealed, or a damaged one, is made anew', () => {
  const key = openSecretsKey(keyStore('sara'), path)
  const other = openSecretsKey(keyStore('omar'), path)
  expect(other).not.toBe(key)
  writeFileSync(path, keyStore('omar').encryptString('short'))
  expect(openSecretsKey(keyStore('omar'), path)).not.toBe(other)
})

test('without a key store, and with the plain one of a Linux without keyring, there is none', () => {
  expect(openSecretsKey(keyStore('sara', { isEncryptionAvailable: () => false }), path)).toBeUndefined()
  expect(openSecretsKey(keyStore('sara', { getSelectedStorageBackend: () => 'basic_text' }), path)).toBeUndefined()
  expect(openSecretsKey(keyStore('sara', { getSelectedStorageBackend: () => 'gnome_libsecret' }), path)).toBeDefined()
})
