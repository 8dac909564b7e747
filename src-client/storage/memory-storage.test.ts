import { expect, test } from 'vitest'
import { createMemoryStorage, emptyContents, type MemoryContents } from './memory-storage.ts'
import { STORAGE_CONTRACT } from './storage-contract.ts'

test.each(STORAGE_CONTRACT)('memory storage: $title', async ({ run }) => {
  const contents = new Map<string, MemoryContents>()
  await run(async (name) => {
    const shared = contents.get(name) ?? emptyContents()
    contents.set(name, shared)
    return createMemoryStorage(shared)
  })
})

test('memory storage says that it does not last', () => {
  expect(createMemoryStorage().isDurable).toBe(false)
})
