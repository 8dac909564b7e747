import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { AuditLog } from './audit/audit-log.ts'
import { PAIRING_MS, PairingDesk } from './devices/pairing-desk.ts'
import { digest } from './people/secret-codes.ts'
import { createSignatureVerifier, hashBody, signRequest } from './plain-http/signed-request.ts'
import { codeOf, openTestAccess, type TestAccess } from './testing.ts'
import type { OpenedSession } from './tokens/sessions.ts'

const DAY_MS = 86_400_000
const SOMEBODY = { personId: null, deviceId: 'device-1', address: '10.0.0.7', agent: 'a tablet' }

let at: TestAccess
beforeEach(async () => {
  at = await openTestAccess()
})
afterEach(() => at.close())

const openSession = (): OpenedSession => at.access.sessions.open({ ...SOMEBODY, method: 'pairing' })
const entries = (): number => at.access.audit.list({}, 1_000).length

function note(): void {
  const actor = { id: null, name: 'server', deviceId: null, address: null }
  at.access.audit.record({ action: 'test.note', outcome: 'done', actor })
}

/** A clock whose wall time is set by hand and whose spans go on by themselves. */
function twoClocks() {
  let [wall, elapsed] = [Date.parse('2026-03-01T10:00:00Z'), 5_000]
  return {
    now: () => wall,
    elapsed: () => elapsed,
    pass(ms: number) {
      wall += ms
      elapsed += ms
    },
    set(ms: number) {
      wall += ms
    },
  }
}

test('starts with a clock that is years ahead sign nobody out and forget nothing of the audit log', async () => {
  const { session } = openSession()
  for (let day = 0; day < 5; day++) note()
  for (let start = 0; start < 3; start++) {
    at.clock.advance(10 * 365 * DAY_MS)
    await at.reopen()
    expect(at.access.sessions.find(session.id)).toBeUndefined()
    // What is written in the meantime makes no wrong clock right.
    note()
    await at.reopen()
    at.clock.advance(-10 * 365 * DAY_MS)
  }
  await at.reopen()
  expect(at.access.sessions.find(session.id)).toMatchObject({ id: session.id })
  expect(entries()).toBe(8)
  expect(at.access.audit.verify()).toMatchObject({ entries: 8 })
})

test('a log that is written day by day is trimmed, and sessions that are over since a month are forgotten', async () => {
  const { session } = openSession()
  note()
  at.clock.advance(401 * DAY_MS)
  for (let day = 0; day < 10; day++) {
    await at.reopen()
    expect(entries()).toBe(day + 1)
    note()
    at.clock.advance(DAY_MS)
  }
  await at.reopen()
  expect(entries()).toBe(10)
  expect(at.database.access.listLiveSessions().map(({ id }) => id)).not.toContain(session.id)
})

test('used refresh tokens are forgotten after a month, except the one that a lost answer is asked for with', async () => {
  const { sessions } = at.access
  let { refreshToken } = openSession()
  const tokens = [refreshToken]
  for (let day = 0; day < 60; day++) {
    refreshToken = sessions.refresh(refreshToken, `request-${day}`).refreshToken
    tokens.push(refreshToken)
    note()
    at.clock.advance(DAY_MS)
  }
  await at.reopen()
  const isKept = (token: string): boolean => at.database.access.findRefresh(digest(token)) !== undefined
  expect(tokens.filter(isKept).length).toBeLessThanOrEqual(32)
  expect(isKept(tokens[0]!)).toBe(false)
  // The tablet is away for two months more: the answer to its last refresh was lost.
  for (let day = 0; day < 60; day++) {
    note()
    at.clock.advance(DAY_MS)
  }
  await at.reopen()
  expect(tokens.filter(isKept)).toEqual(tokens.slice(-2))
  expect(at.access.sessions.refresh(tokens.at(-2)!, 'request-59').refreshToken).toBe(refreshToken)
})

test('setting the clock back makes no pairing code live longer, setting it ahead ends none', async () => {
  const clock = twoClocks()
  const desk = new PairingDesk(clock)
  const plan = { name: null, roleId: 'cashier', branchIds: null, isLegacy: false, invitedBy: 'admin' }
  const device = { name: null, address: '10.0.0.7' }
  const [first, second] = [desk.invite(plan), desk.invite(plan)]
  clock.set(30 * DAY_MS)
  expect(desk.present({ secret: first.secret }, device).pairing.state).toBe('approved')
  clock.set(-60 * DAY_MS)
  clock.pass(PAIRING_MS)
  expect(await codeOf(() => desk.present({ secret: second.secret }, device))).toBe('pairing-refused')
})

test('refusals are written each minute although the clock was set back', () => {
  const clock = twoClocks()
  const audit = new AuditLog(at.database.audit, clock)
  const actor = { id: null, name: '(caller)', deviceId: null, address: '10.0.0.7' }
  const refuse = () => audit.recordDenial({ action: 'person.sign-in', actor, reason: 'sign-in-failed' })
  refuse()
  clock.set(-30 * DAY_MS)
  clock.pass(61_000)
  refuse()
  clock.set(60 * DAY_MS)
  refuse()
  expect(audit.list({ action: 'person.sign-in' }, 10)).toHaveLength(2)
})

test('a signed write that was recorded is not good again after the clock was set back', async () => {
  const clock = twoClocks()
  const key = randomBytes(32)
  const findKey = () => ({ deviceId: 'till-1', key })
  const verifier = createSignatureVerifier({ clock, instanceId: 'run-0001', findKey })
  let nonces = 0
  const sign = (): string =>
    signRequest(key, {
      ...{ method: 'POST', target: '/api/x', signer: 'till-1', instanceId: 'run-0001', timeMs: verifier.terms().now },
      ...{ nonce: `nonce-${String(nonces++).padStart(20, '0')}`, bodyHash: hashBody('{}') },
    })
  const send = (signature: string) => codeOf(() => verifier.verify({ method: 'POST', target: '/api/x', signature }))
  const recorded = sign()
  expect(await send(recorded)).toBe('none')
  clock.pass(20 * 60_000)
  // Its nonce is forgotten with this one.
  expect(await send(sign())).toBe('none')
  clock.set(-20 * 60_000)
  expect(await send(recorded)).toBe('clock-wrong')
  // The device goes on with the time that it is told.
  expect(await send(sign())).toBe('none')
})
