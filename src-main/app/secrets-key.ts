import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** What Electron's safeStorage offers of the operating system's key store. */
export interface KeyStore {
  isEncryptionAvailable(): boolean
  encryptString(text: string): Buffer
  decryptString(sealed: Buffer): string
  /** On Linux only; `basic_text` means that there is no keyring and a fixed password is used. */
  getSelectedStorageBackend?(): string
}

const KEY_BYTES = 32

/**
 * The key that encrypts the server's own keys on the disk. It lies beside the settings of the operating system's user,
 * sealed by their key store, and not in the data folder: a copy of that folder is then worth nothing.
 *
 * @returns Base64url of 32 bytes; undefined where there is no key store, so that a file of mode 0600 has to do.
 */
export function openSecretsKey(store: KeyStore, path: string): string | undefined {
  if (!store.isEncryptionAvailable() || store.getSelectedStorageBackend?.() === 'basic_text') return undefined
  const known = readKey(store, path)
  if (known !== undefined) return known
  const key = randomBytes(KEY_BYTES).toString('base64url')
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.new`, store.encryptString(key), { mode: 0o600, flush: true })
  renameSync(`${path}.new`, path)
  return key
}

/** Undefined for none, and for one that another user or machine sealed: a new one costs devices a refresh. */
function readKey(store: KeyStore, path: string): string | undefined {
  try {
    const key = store.decryptString(readFileSync(path))
    return Buffer.from(key, 'base64url').length === KEY_BYTES ? key : undefined
  } catch {
    return undefined
  }
}
