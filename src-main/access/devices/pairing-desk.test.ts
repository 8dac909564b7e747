import { afterEach, beforeEach, expect, test } from 'vitest'
import { codeOf, openTestAccess, type TestAccess } from '../testing.ts'
import { PAIRING_MS } from './pairing-desk.ts'

let at: TestAccess
beforeEach(async () => {
  at = await openTestAccess()
})
afterEach(() => at.close())

const plan = { name: 'Till 1', roleId: 'cashier', branchIds: null, isLegacy: false, invitedBy: 'admin' }
const tablet = { name: 'a tablet', address: '10.0.0.7' }

test('the secret of the QR code lets a device in at once, and once', async () => {
  const { desk } = at.access
  const { code, secret, pairing } = desk.invite(plan)
  expect(code).toMatch(/^\d{8}$/)
  expect(pairing).toMatchObject({ state: 'invited', name: 'Till 1' })
  expect(JSON.stringify(desk.list())).not.toMatch(new RegExp(`${code}|${secret}`))
  const { claim } = desk.present({ secret }, tablet)
  expect(await codeOf(() => desk.present({ secret }, tablet))).toBe('pairing-refused')
  expect(await codeOf(() => desk.present({ code }, tablet))).toBe('pairing-refused')
  expect(desk.collect(claim)).toMatchObject({ state: 'approved', approvedBy: 'admin', roleId: 'cashier' })
  expect(await codeOf(() => desk.collect(claim))).toBe('pairing-refused')
})

test('the digits let a device wait until somebody approves it', async () => {
  const { desk } = at.access
  const { code } = desk.invite({ ...plan, name: null })
  const { claim, pairing } = desk.present({ code }, tablet)
  expect(pairing).toMatchObject({ state: 'waiting', name: 'a tablet', address: '10.0.0.7' })
  expect(await codeOf(() => desk.collect(claim))).toBe('pairing-refused')
  expect(await codeOf(() => desk.present({ code }, tablet))).toBe('pairing-refused')
  desk.approve(pairing.id, 'sara', { roleId: 'kitchen' })
  expect(await codeOf(() => desk.approve(pairing.id, 'sara'))).toBe('pairing-refused')
  expect(desk.collect(claim)).toMatchObject({ approvedBy: 'sara', roleId: 'kitchen' })
})

test('ten minutes end an invitation and a device that waits', async () => {
  const { desk } = at.access
  const first = desk.invite(plan)
  at.clock.advance(PAIRING_MS - 1)
  const { claim, pairing } = desk.present({ code: first.code }, tablet)
  at.clock.advance(1)
  expect(await codeOf(() => desk.approve(pairing.id, 'sara'))).toBe('pairing-refused')
  expect(await codeOf(() => desk.findByClaim(claim))).toBe('pairing-refused')
  expect(await codeOf(() => desk.present({ secret: first.secret }, tablet))).toBe('pairing-refused')
  expect(desk.list()).toEqual([])
})

test('a withdrawn invitation is gone, and there are never more than 50', async () => {
  const { desk } = at.access
  const { secret, pairing } = desk.invite(plan)
  expect([desk.withdraw(pairing.id), desk.withdraw(pairing.id)]).toEqual([true, false])
  expect(await codeOf(() => desk.present({ secret }, tablet))).toBe('pairing-refused')
  const codes = await Promise.all(Array.from({ length: 51 }, () => codeOf(() => desk.invite(plan))))
  expect(codes.filter((code) => code === 'none')).toHaveLength(50)
  expect(codes.at(-1)).toBe('rate-limited')
})
