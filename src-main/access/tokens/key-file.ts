import { createCipheriv, createDecipheriv, generateKeyPairSync, hkdfSync, randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DAY_MS } from '../../../src-shared/durations.ts'

/** A signing key: Ed25519 as a private JWK (RFC 8037). */
export interface SigningKey {
  kid: string
  /** Milliseconds since 1970. */
  createdAt: number
  jwk: { kty: 'OKP'; crv: 'Ed25519'; x: string; d: string }
}

/** Secrets of this server. Losing them signs nobody out: refresh tokens are in system.db, and access tokens are short. */
export interface ServerKeys {
  /** The newest first; older ones only check tokens that they signed. */
  signing: SigningKey[]
  /** Makes the successor of a refresh token that was asked for twice, and other secrets (`deriveKey`); base64url. */
  refreshSecret: string
}

/** 32 bytes for one purpose, which nobody can compute without the keys of this server. */
export function deriveKey({ refreshSecret }: Pick<ServerKeys, 'refreshSecret'>, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', refreshSecret, 'mishkah', purpose, 32))
}

/** Encrypts what lies on the disk. The desktop app has one whose key the operating system keeps. */
export interface SecretBox {
  seal(text: string): Buffer
  /** @throws when it was sealed with another key, or changed. */
  open(sealed: Buffer): string
}

const ROTATE_AFTER_MS = 90 * DAY_MS

export type KeyProblem = 'keys-in-clear' | 'keys-made-anew' | 'keys-sealed' | 'keys-left-in-clear'

/**
 * Reads the keys of a data folder, making and renewing them as needed. They lie in `keys/`: `server-keys.sealed` with a
 * box, `server-keys.json` (mode 0600) without one. With a box the file in clear goes away. Where nothing was sealed
 * before, its secret is kept, so that devices that sign need not be paired again; what signs tokens is made anew.
 *
 * @param warn - Told when the keys lie on the disk in clear, could not be read and were made anew, or lay there in clear.
 */
export function openServerKeys(
  dataDir: string,
  options: { box: SecretBox | undefined; nowMs: number; warn: (problem: KeyProblem) => void },
): ServerKeys {
  const { box, nowMs, warn } = options
  const folder = join(dataDir, 'keys')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const clearPath = join(folder, 'server-keys.json')
  const path = box ? join(folder, 'server-keys.sealed') : clearPath
  if (!box) warn('keys-in-clear')
  const isMoving = box !== undefined && existsSync(clearPath)
  const sealed = readKeys(path, box, () => warn('keys-made-anew'))
  const unsealed = isMoving && !sealed ? readKeys(clearPath, undefined, () => warn('keys-made-anew')) : undefined
  const known = sealed ?? (unsealed && { ...unsealed, signing: [] })
  const keys = renew(known ?? { signing: [], refreshSecret: randomBytes(32).toString('base64url') }, nowMs)
  if (keys !== known) {
    const text = JSON.stringify(keys)
    const fresh = `${path}.new`
    writeFileSync(fresh, box ? box.seal(text) : text, { mode: 0o600, flush: true })
    renameSync(fresh, path)
  }
  if (isMoving) {
    rmSync(clearPath)
    warn(unsealed ? 'keys-sealed' : 'keys-left-in-clear')
  }
  // A folder that was copied about may have lost the mode.
  if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600)
  return keys
}

function readKeys(path: string, box: SecretBox | undefined, onUnreadable: () => void): ServerKeys | undefined {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    return JSON.parse(box ? box.open(bytes) : bytes.toString('utf8')) as ServerKeys
  } catch {
    // Another machine's key, or a damaged file: devices refresh and go on, so that this need not stop the branch.
    onUnreadable()
    return undefined
  }
}

/** The same object when nothing is due. */
function renew(keys: ServerKeys, nowMs: number): ServerKeys {
  const [newest] = keys.signing
  if (newest && nowMs - newest.createdAt < ROTATE_AFTER_MS) return keys
  // Its last tokens end within the hour; the one before it is not needed any more.
  return { ...keys, signing: [makeSigningKey(nowMs), ...(newest ? [newest] : [])] }
}

function makeSigningKey(nowMs: number): SigningKey {
  const { privateKey } = generateKeyPairSync('ed25519')
  const jwk = privateKey.export({ format: 'jwk' }) as SigningKey['jwk']
  return { kid: randomBytes(9).toString('base64url'), createdAt: nowMs, jwk }
}

/** AES-256-GCM with a key of 32 bytes, base64url. */
export function createSecretBox(key: string): SecretBox {
  const secret = Buffer.from(key, 'base64url')
  if (secret.length !== 32) throw new Error('the key of the secret box must have 32 bytes')
  return {
    seal(text) {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', secret, nonce)
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([nonce, cipher.getAuthTag(), body])
    },
    open(sealed) {
      const decipher = createDecipheriv('aes-256-gcm', secret, sealed.subarray(0, 12))
      decipher.setAuthTag(sealed.subarray(12, 28))
      return Buffer.concat([decipher.update(sealed.subarray(28)), decipher.final()]).toString('utf8')
    },
  }
}
