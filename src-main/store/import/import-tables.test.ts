import { expect, test } from 'vitest'
import { openTestStore } from '../test-support.ts'

test('an import that changes the time of creation leaves records whose check values fit', async () => {
  const { store } = await openTestStore()
  const module = store.getBranch('dar').getModule('pos')
  const record = { id: 'T-1', name: 'One', createdAt: '2020-01-01T00:00:00.000Z' }
  await module.importSnapshot({ tables: { dining_tables: [record, { id: 'T-2', name: 'Two' }] } })
  await module.importSnapshot({
    tables: { dining_tables: [{ ...record, name: 'Uno', createdAt: '2021-01-01T00:00:00.000Z' }] },
  })

  expect(module.listRecords('dining_tables', {})).toMatchObject([
    { id: 'T-1', name: 'Uno', createdAt: '2021-01-01T00:00:00.000Z', version: 2 },
  ])
  const backup = await store.backups.create({ reason: 'manual' })
  expect(backup).toMatchObject({ isVerified: true })
})
