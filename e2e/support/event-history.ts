import { openDataFolder } from '../../src-main/config/data-folder.ts'
import { defaultsDir } from '../../src-main/config/paths.ts'
import { silentLog } from '../../src-main/lib/log.ts'
import { openStore } from '../../src-main/store/open-store.ts'
import type { Caller } from '../../src-main/store/types.ts'

const CALLER: Caller = { protocol: 2, isLegacy: false }
const AT_ONCE = 256
const RECORDS = 1_000

/**
 * Fills a data folder with so many real events, written through the store as clients write: a thousand customers, changed
 * again and again. The server must not be running.
 *
 * @returns The end of the log.
 */
export async function makeEvents(dataDir: string, count: number): Promise<{ seq: number; hash: string }> {
  const folder = openDataFolder(dataDir)
  const store = await openStore({ dataDir, defaultsDir, log: silentLog })
  try {
    const module = store.getBranch('dar').getModule('pos')
    for (let done = 0; done < count; done += AT_ONCE) {
      const size = Math.min(AT_ONCE, count - done)
      await Promise.all(
        Array.from({ length: size }, (_, index) => {
          const record = { id: `cust-made-${(done + index) % RECORDS}`, name: `Customer ${done + index}`, phone: '+20' }
          return module.writeAsync({
            operations: [{ action: 'save', table: 'customer_profiles', record }],
            caller: CALLER,
            source: 'made',
          })
        }),
      )
    }
    const { events, headHash } = module.verifyChain()
    return { seq: events, hash: headHash }
  } finally {
    await store.close()
    folder.close()
  }
}
