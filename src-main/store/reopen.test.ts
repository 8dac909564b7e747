import { expect, test } from 'vitest'
import { checkModule, codeOf, openShop } from './test-support.ts'

test('a schema change that meets another one is told to come again; accepted writes and later ones stand', async () => {
  const shop = await openShop()
  const accepted = shop.write('insert', 'item', { id: 'p1', name: 'Tea' })
  const codes = await Promise.all([codeOf(shop.store.schemas.reload()), codeOf(shop.store.schemas.reload())])

  expect(codes).toEqual(['none', 'restoring'])
  expect((await accepted).outcome).toBe('created')
  await shop.write('insert', 'item', { id: 'p2', name: 'Coffee' })
  expect(shop.module().count('item')).toBe(2)
  expect(shop.notices.map(({ directive }) => directive)).toEqual(['reload-schema'])
  checkModule(shop.context(), shop.module())
  expect(await codeOf(shop.store.schemas.reload())).toBe('none')
})

test('a schema change does not open a branch in the middle of its restore', async () => {
  const shop = await openShop()
  const { backupId } = await shop.store.backups.create({ reason: 'manual' })
  await shop.write('insert', 'item', { id: 'p1', name: 'Tea' })
  let change: Promise<string> | undefined
  await shop.store.backups.restore({
    backupId,
    branchId: 'dar',
    onProgress(stage) {
      if (stage === 'swapping') queueMicrotask(() => (change = codeOf(shop.store.schemas.reload())))
    },
  })

  expect(await change).toBe('restoring')
  expect([shop.module().head().epoch, shop.module().count('item')]).toEqual([2, 0])
  await shop.write('insert', 'item', { id: 'p2', name: 'Coffee' })
})

test('a restore does not swap the files of a branch whose schema is being changed', async () => {
  const shop = await openShop()
  const { backupId } = await shop.store.backups.create({ reason: 'manual' })
  let change: Promise<string> | undefined
  let accepted: Promise<unknown> | undefined
  const restored = codeOf(
    shop.store.backups.restore({
      backupId,
      branchId: 'dar',
      onProgress(stage) {
        if (stage !== 'swapping') return
        accepted = shop.write('insert', 'item', { id: 'p1', name: 'Tea' })
        change = codeOf(shop.store.schemas.reload())
      },
    }),
  )

  expect([await restored, await change]).toEqual(['task-running', 'none'])
  await accepted
  expect([shop.module().head().epoch, shop.module().count('item')]).toEqual([1, 1])
  expect(await codeOf(shop.store.backups.restore({ backupId, branchId: 'dar' }))).toBe('none')
})
