import { existsSync, readdirSync, readlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { codeOf, temporaryFolder } from '../test-support.ts'
import { FileThread } from './file-thread.ts'

/** Long enough to be read that it is open for a while; it takes no room. */
const FILE_BYTES = 4 * 2 ** 30
const OPEN_FILES = '/proc/self/fd'

function largeFile(): string {
  const path = join(temporaryFolder(), 'large')
  writeFileSync(path, '')
  truncateSync(path, FILE_BYTES)
  return path
}

/** Files that any thread of this process holds open. */
function isOpen(path: string): boolean {
  return readdirSync(OPEN_FILES).some((number) => {
    const link = join(OPEN_FILES, number)
    return existsSync(link) && readlinkSync(link) === path
  })
}

test.skipIf(!existsSync(OPEN_FILES))('closing fails what waits only once its file is no longer open', async () => {
  const thread = new FileThread()
  const path = largeFile()
  const outcome = codeOf(thread.run('hash', { path })).then((code) => ({ code, isOpen: isOpen(path) }))
  await expect.poll(() => isOpen(path), { timeout: 10_000, interval: 5 }).toBe(true)
  await thread.close()
  expect(await outcome).toEqual({ code: 'stopping', isOpen: false })
})

test('a request that comes while the thread is closed is done by the next one', async () => {
  const thread = new FileThread()
  const path = join(temporaryFolder(), 'small')
  writeFileSync(path, 'text')
  await thread.run('hash', { path })
  const closed = thread.close()
  expect(await thread.run('hash', { path })).toMatchObject({ sizeBytes: 4 })
  await closed
  await thread.close()
})

test('a thread that cannot start fails its request, and the next one may start it', async () => {
  const thread = new FileThread(new URL('http://none.invalid/'))
  await expect(thread.run('hash', { path: 'x' })).rejects.toThrow()
  await expect(thread.run('hash', { path: 'x' })).rejects.toThrow()
})
