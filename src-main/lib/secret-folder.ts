import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

/** Where keys are kept between starts. */
export interface SecretStore {
  /** The text that was saved under the name; undefined when there is none. */
  find(name: string): Promise<string | undefined>
  /** On the disk when it resolves. */
  save(name: string, text: string): Promise<void>
  remove(name: string): Promise<void>
  /** Keeps what is under the name, unread, under another one that nothing has yet. False when there is nothing. */
  setAside(name: string, as: string): Promise<boolean>
}

/** Encrypts what is at rest, as Electron's safeStorage does with the key store of the operating system. */
export interface Seal {
  seal(text: string): Promise<Buffer>
  open(sealed: Buffer): Promise<string>
}

const PLAIN: Seal = {
  seal: async (text) => Buffer.from(text, 'utf8'),
  open: async (sealed) => sealed.toString('utf8'),
}

/**
 * Secrets as files that only the owner of the process may read (0600 in a folder with 0700; on Windows the rights of the
 * folder's user count). Without `seal` they lie there in clear: whoever can copy the disk has them.
 *
 * @param names are plain: letters, digits, dots and dashes.
 */
export function openSecretFolder(dir: string, seal: Seal = PLAIN): SecretStore {
  const pathOf = (name: string): string => {
    if (!/^[a-z0-9][a-z0-9.-]{0,63}$/.test(name)) throw new Error(`"${name}" is no name of a secret`)
    return join(dir, name)
  }
  return {
    async find(name) {
      const sealed = readIfPresent(pathOf(name))
      return sealed && (await seal.open(sealed))
    },
    async save(name, text) {
      const path = pathOf(name)
      const sealed = await seal.seal(text)
      mkdirSync(dir, { recursive: true, mode: 0o700 })
      chmodSync(dir, 0o700)
      const draft = `${path}.tmp`
      // A draft that an earlier crash left may have other rights: a new file gets ours from its first moment.
      rmSync(draft, { force: true })
      writeFileSync(draft, sealed, { mode: 0o600, flag: 'wx', flush: true })
      renameSync(draft, path)
    },
    async setAside(name, as) {
      if (!existsSync(pathOf(name))) return false
      copyFileSync(pathOf(name), pathOf(as), constants.COPYFILE_EXCL)
      chmodSync(pathOf(as), 0o600)
      return true
    },
    async remove(name) {
      rmSync(pathOf(name), { force: true })
    },
  }
}

function readIfPresent(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
