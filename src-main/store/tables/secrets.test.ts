import { expect, test } from 'vitest'
import { codeOf, command, dumpTables, listAll, openShop, snapshotTables, thrownCode } from '../test-support.ts'

const PIN = '4711-secret'

test('[W6] a secret is stored and never shown, under whatever spelling it was sent', async () => {
  const shop = await openShop()
  const module = shop.module()
  await shop.write('insert', 'staff', { id: 's1', name: 'Mona', pinCode: PIN })
  await shop.write('insert', 'staff', { id: 's2', name: 'Omar', pin_code: PIN })
  await shop.write('insert', 'staff', { id: 's3', name: 'Sara', pin: PIN })
  await shop.write('merge', 'staff', { id: 's1', name: 'Mona B.' })
  await shop.write('save', 'staff', { id: 's2', pin: PIN, pinCode: PIN, pin_code: PIN })
  await shop.write('delete', 'staff', { id: 's3' })
  const exists = await module
    .writeAsync(command('insert', 'staff', { id: 's1', name: 'Other' }))
    .catch((error) => error)
  const conflict = await module
    .writeAsync(command('merge', 'staff', { id: 's1', version: 9 }))
    .catch((error: unknown) => error)

  const stored = dumpTables(shop.context()).staff!.map(({ doc }) => doc)
  expect(stored).toMatchObject([
    { id: 's1', name: 'Mona B.', pinCode: PIN },
    { id: 's2', pinCode: PIN },
  ])
  const seen = {
    list: listAll(module, 'staff'),
    find: ['s1', 's2'].map((key) => JSON.parse(module.find('staff', key)!.text)),
    records: module.listRecords('staff', {}),
    snapshot: snapshotTables(module),
    delta: module.delta({ cursor: { epoch: 1, seq: 0 } }),
    events: module.readEvents(0, 100),
    published: shop.events,
    refusals: [exists, conflict].map(({ code, details }) => [code, details]),
    meta: module.eventLogMeta(),
  }
  expect(JSON.stringify(seen)).not.toContain(PIN)
  expect(seen.refusals.map(([code]) => code)).toEqual(['record-exists', 'version-conflict'])
  expect(seen.snapshot.staff).toEqual(seen.list)

  const sealed = shop.context().state.events.readAfter(0, 100)
  expect(sealed.map((row) => row.private?.replace(/^[0-9a-f]{8}:/, ''))).toEqual([
    JSON.stringify({ pinCode: PIN }),
    JSON.stringify({ pinCode: PIN, pin_code: PIN }),
    JSON.stringify({ pinCode: PIN, pin: PIN }),
    JSON.stringify({ pinCode: PIN }),
    expect.stringContaining(PIN),
    JSON.stringify({ pinCode: PIN, pin: PIN }),
  ])
})

test('a secret can be neither a condition nor an order, so that nobody guesses it digit by digit', async () => {
  const shop = await openShop()
  await shop.write('insert', 'staff', { id: 's1', pinCode: PIN })
  for (const field of ['pinCode', 'pin_code', 'pin']) {
    const list = (query: object): Promise<unknown> => Promise.resolve().then(() => shop.module().list('staff', query))
    expect(await codeOf(list({ where: [{ field, operator: 'like', value: '4%' }] }))).toBe('invalid-request')
    expect(await codeOf(list({ orderBy: [{ field, direction: 'asc' }] }))).toBe('invalid-request')
  }
})

test('fields that the security file names are secret as well; tables that it locks are closed by every door', async () => {
  const secrets = { secretFields: { item: ['price'] }, lockedTables: ['SEAT', 'settings'] }
  const shop = await openShop({ shop: { seeds: { seat: [{ room: 'A', place: 1 }], item: [{ id: 'i', price: 5 }] } } })
  const known = { caller: { protocol: 2, isLegacy: false, clientId: 'tablet' } as const }
  await shop.write('insert', 'seat', { room: 'A', place: 2, label: 'window' }, { ...known, requestId: 'r1' })
  await shop.write('insert', 'item', { id: 'i2', price: 7 }, { ...known, requestId: 'r2' })
  shop.store.files.writeJson('security/secret_fields.json', secrets)
  await shop.reopen()
  const module = shop.module()

  expect(listAll(module, 'item').map((record) => Object.keys(record).includes('price'))).toEqual([false, false])
  expect(await shop.refusal('insert', 'seat', { room: 'A', place: 3 })).toBe('table-locked')
  const reads: (() => unknown)[] = [
    () => module.list('seat', {}),
    () => module.find('seat', 'A::1'),
    () => module.count('seat'),
  ]
  expect(reads.map(thrownCode)).toEqual(reads.map(() => 'table-locked'))
  expect(snapshotTables(module)).toMatchObject({ seat: [], settings: {} })
  const cursor = { epoch: 1, seq: 1 }
  expect(Object.keys(module.delta({ cursor }).tables)).toEqual(['item'])
  expect(module.delta({ cursor, tables: ['seat'] }).tables).toEqual({})
  expect(await codeOf(module.importSnapshot({ tables: { seat: [] } }))).toBe('table-locked')

  // What was written before stays in the log, and out of sight.
  const logged = module.readEvents(1, 10).map(({ table, recordText }) => [table, recordText])
  expect(logged[0]).toEqual(['seat', null])
  expect(JSON.parse(logged[1]![1]!)).not.toHaveProperty('price')
  expect(module.findEvent(module.readEvents(1, 1)[0]!.eventId)?.recordText).toBeNull()
  const again = await shop.write('insert', 'item', { id: 'i2', price: 7 }, { ...known, requestId: 'r2' })
  expect([again.isReplay, again.record.price]).toEqual([true, undefined])
  const seat = { room: 'A', place: 2, label: 'window' }
  expect(await shop.refusal('insert', 'seat', seat, { ...known, requestId: 'r1' })).toBe('table-locked')
  module.verifyChain()
})
