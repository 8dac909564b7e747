import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** The addresses that tablets were last told, over starts. */
export interface AddressMemory {
  /**
   * @returns The addresses of before when none of them is left: whoever knows only those cannot find the branch.
   * Undefined when one still works, at the first start, and while there is no network at all.
   */
  note(addresses: readonly string[]): readonly string[] | undefined
}

/** @param path - A small JSON file; its folder is made. A damaged one counts as absent. */
export function openAddressMemory(path: string): AddressMemory {
  let known = readAddresses(path)
  return {
    note(addresses) {
      if (addresses.length === 0 || addresses.join() === known.join()) return undefined
      const before = known
      known = [...addresses]
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(`${path}.tmp`, `${JSON.stringify({ addresses: known })}\n`)
      renameSync(`${path}.tmp`, path)
      return before.length > 0 && !before.some((address) => addresses.includes(address)) ? before : undefined
    },
  }
}

function readAddresses(path: string): readonly string[] {
  try {
    const { addresses } = JSON.parse(readFileSync(path, 'utf8')) as { addresses?: unknown }
    return Array.isArray(addresses) ? addresses.filter((one) => typeof one === 'string') : []
  } catch {
    return [] // the first start, or a file that power loss emptied
  }
}
