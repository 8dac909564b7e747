import { afterEach, beforeEach, expect, test } from 'vitest'
import { codeOf, openTestAccess, type TestAccess } from '../testing.ts'
import { type AuditInput, SERVER_ACTOR } from './audit-log.ts'

let at: TestAccess
beforeEach(async () => {
  at = await openTestAccess()
})
afterEach(() => at.close())

const entry = (subject: string, more: Partial<AuditInput> = {}): AuditInput => ({
  action: 'device.revoke',
  outcome: 'done',
  actor: { id: 'person-1', name: 'Sara', deviceId: 'device-1', address: '10.0.0.7' },
  subject,
  ...more,
})

test('entries say who, from which device, why and for whom; each builds on the one before, through restarts', async () => {
  at.access.audit.record(entry('till 1', { reason: 'lost on the tram', onBehalfOf: 'admin', details: { table: 'x' } }))
  await at.reopen()
  at.access.audit.record(entry('till 2'))
  const [second, first] = at.access.audit.list({}, 10)
  expect(first).toMatchObject({
    id: 1,
    at: '2026-03-01T10:00:00.000Z',
    action: 'device.revoke',
    outcome: 'done',
    actor: { id: 'person-1', name: 'Sara', deviceId: 'device-1', address: '10.0.0.7' },
    subject: 'till 1',
    reason: 'lost on the tram',
    onBehalfOf: 'admin',
    details: { table: 'x' },
  })
  expect([...at.access.audit.readAll()].map(({ id, previous }) => [id, previous])).toEqual([
    [1, ''],
    [2, first!.hash],
  ])
  expect(at.access.audit.verify()).toEqual({ entries: 2, headHash: second!.hash })
})

test('lists are filtered and paged', () => {
  for (let n = 0; n < 5; n++) at.access.audit.record(entry(`till ${n}`))
  at.access.audit.record({ action: 'person.sign-in', outcome: 'denied', actor: SERVER_ACTOR })
  const ids = (filter: Parameters<typeof at.access.audit.list>[0], limit = 10): number[] =>
    at.access.audit.list(filter, limit).map(({ id }) => id)
  expect(ids({ action: 'person.sign-in' })).toEqual([6])
  expect(ids({ actor: 'person-1', before: 4 }, 2)).toEqual([3, 2])
  expect(ids({ device: 'device-1' })).toHaveLength(5)
  expect(ids({ from: '2026-03-01T10:00:00.001Z' })).toEqual([])
  expect(ids({ to: '2026-03-01T10:00:00.001Z' })).toHaveLength(6)
})

test('the database refuses to change or remove an entry; who goes around it breaks the chain', async () => {
  for (let n = 0; n < 10; n++) at.access.audit.record(entry(`till ${n}`))
  const { connection } = at.database
  for (const sql of [
    "UPDATE audit SET entry = '{}' WHERE id = 5",
    'DELETE FROM audit WHERE id = 5',
    'DELETE FROM audit',
  ]) {
    expect([sql, await codeOf(() => connection.exec(sql))]).toEqual([sql, 'SQLITE_CONSTRAINT_TRIGGER'])
  }
  expect(at.access.audit.verify().entries).toBe(10)
  connection.exec('DROP TRIGGER audit_is_append_only')
  const attacks = [
    "UPDATE audit SET entry = replace(entry, 'till 4', 'till 9') WHERE id = 5",
    "UPDATE audit SET actor = 'person-2' WHERE id = 5",
    'UPDATE audit SET hash = lower(hex(randomblob(32))) WHERE id = 5',
  ]
  for (const sql of attacks) {
    connection.exec('SAVEPOINT attack')
    connection.exec(sql)
    expect([sql, await codeOf(() => at.access.audit.verify())]).toEqual([sql, 'chain-broken'])
    connection.exec('ROLLBACK TO attack; RELEASE attack')
  }
  connection.exec('DROP TRIGGER audit_loses_only_its_oldest; DELETE FROM audit WHERE id = 5')
  expect(await codeOf(() => at.access.audit.verify())).toBe('chain-broken')
})

test('retention forgets the oldest, and the chain still holds from there', () => {
  for (let n = 0; n < 6; n++) {
    at.access.audit.record(entry(`till ${n}`))
    at.clock.advance(86_400_000)
  }
  expect(at.access.audit.trim(3)).toBe(3)
  expect(at.access.audit.trim(3)).toBe(0)
  expect(at.access.audit.list({}, 10).map(({ id }) => id)).toEqual([6, 5, 4])
  expect(at.access.audit.verify().entries).toBe(3)
  at.clock.advance(400 * 86_400_000)
  expect(at.access.audit.trim(3)).toBe(3)
  at.access.audit.record(entry('after'))
  expect(at.access.audit.list({}, 10).map(({ id }) => id)).toEqual([7])
  expect(at.access.audit.verify().entries).toBe(1)
})

test('ten thousand refusals are two entries a minute, with their count', () => {
  const { actor } = entry('')
  for (let n = 0; n < 10_000; n++)
    at.access.audit.recordDenial({ action: 'person.sign-in', actor, reason: 'sign-in-failed' })
  at.clock.advance(60_000)
  at.access.audit.flushDenials()
  expect(at.access.audit.list({}, 10).map(({ outcome, reason, details }) => [outcome, reason, details])).toEqual([
    ['denied', 'sign-in-failed', { repeated: 9_999 }],
    ['denied', 'sign-in-failed', undefined],
  ])
  for (let n = 0; n < 5_000; n++) {
    at.access.audit.recordDenial({ action: 'person.sign-in', actor: { ...actor, address: `10.0.${n}` } })
  }
  at.access.audit.flushDenials(true)
  const entries = at.access.audit.list({}, 10_000)
  expect(entries).toHaveLength(2 + 200 + 2)
  expect(entries[0]).toMatchObject({ actor: { name: '(many)' }, details: { repeated: 4_799 } })
})

const person = (deviceId: string, n: number) => ({
  action: 'request',
  actor: { id: 'person-1', name: 'Sara', deviceId, address: '10.0.0.7' },
  subject: `GET /api/branches/${n}`,
  reason: 'forbidden',
})
const stranger = (address: string, n: number) => ({
  action: 'request',
  actor: { id: null, name: '(caller)', deviceId: null, address },
  subject: `GET /${n}`,
  reason: 'unauthorized',
})

test('what one device is refused fills no entries of others: twenty, then together, with their counts', () => {
  for (let n = 0; n < 10_000; n++) at.access.audit.recordDenial(person('device-1', n))
  at.access.audit.recordDenial(person('device-2', 1))
  at.access.audit.flushDenials(true)
  const shown = at.access.audit
    .list({}, 1_000)
    .map(({ actor, details }) => [actor.name, actor.deviceId, details?.repeated])
  expect(shown).toEqual([
    ['(several)', 'device-1', 9_979],
    ['Sara', 'device-2', undefined],
    ['(several)', 'device-1', undefined],
    ...Array.from({ length: 20 }, () => ['Sara', 'device-1', undefined]),
  ])
})

test('strangers from a thousand addresses hide no refused sign-in; of IPv6 a network is one address', () => {
  const { audit } = at.access
  for (let n = 0; n < 10_000; n++) audit.recordDenial(stranger(`10.0.${n % 4}.${n % 250}`, n))
  const { actor } = entry('')
  audit.recordDenial({ action: 'person.sign-in', actor, subject: 'sara', reason: 'sign-in-failed' })
  expect(audit.list({}, 1)).toMatchObject([{ action: 'person.sign-in', actor: { name: 'Sara' }, subject: 'sara' }])
  expect(audit.list({}, 1_000)).toHaveLength(200 + 1 + 1)
  at.clock.advance(60_000)
  audit.flushDenials()
  const before = audit.verify().entries
  for (let n = 0; n < 1_000; n++) audit.recordDenial(stranger(`2001:db8:0:7:${n.toString(16)}::1`, n))
  audit.flushDenials(true)
  expect(audit.verify().entries - before).toBe(2)
})
