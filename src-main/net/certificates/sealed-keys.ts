import type { SecretStore } from '../../lib/secret-folder.ts'

/** Encrypts what lies on the disk, with a key of the operating system's key store. */
export interface KeyBox {
  seal(text: string): Buffer
  /** @throws when it was sealed with another key, or changed. */
  open(sealed: Buffer): string
}

const SEALED = 'sealed-v1 '

/**
 * Private keys of TLS, sealed where there is a box; certificates and names are public and stay readable. A key of before
 * there was a box is sealed at its first use.
 *
 * @param onUnreadable - Told of a key that this box cannot open (another machine's, or the box is gone): it counts as
 *   absent, so that a new one is made, which devices have to trust anew.
 */
export function sealKeys(
  files: SecretStore,
  box: KeyBox | undefined,
  onUnreadable: (name: string) => void,
): SecretStore {
  const isKey = (name: string): boolean => name.endsWith('.key')

  async function save(name: string, text: string): Promise<void> {
    await files.save(name, box && isKey(name) ? `${SEALED}${box.seal(text).toString('base64url')}` : text)
  }

  return {
    save,
    async find(name) {
      const text = await files.find(name)
      if (text === undefined || !isKey(name)) return text
      if (!text.startsWith(SEALED)) {
        if (box) await save(name, text)
        return text
      }
      try {
        if (box) return box.open(Buffer.from(text.slice(SEALED.length), 'base64url'))
      } catch {
        // Told below: what is wrong with it makes no difference.
      }
      onUnreadable(name)
      return undefined
    },
    remove: (name) => files.remove(name),
    setAside: (name, as) => files.setAside(name, as),
  }
}
