import { afterEach, beforeEach, expect, test } from 'vitest'
import { AppError } from '../../../src-shared/errors.ts'
import { codeOf, openTestAccess, type TestAccess } from '../testing.ts'

let at: TestAccess
beforeEach(async () => {
  at = await openTestAccess()
})
afterEach(() => at.close())

const prove = (
  user: string,
  kind: 'password' | 'pin',
  secret: string,
  deviceId: string | null = null,
  address = '10.0.0.7',
) => at.access.signIn.prove({ user, kind, secret, deviceId, address })

test('the first manager takes the code of the terminal, or the window of this machine, and is made once', async () => {
  const { firstManager, people } = at.access
  const input = {
    user: undefined,
    name: undefined,
    password: 'a long password',
    pin: undefined,
    origin: 'address 10.0.0.9',
  }
  const code = firstManager.code!
  expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}$/)
  expect(await codeOf(() => firstManager.create({ ...input, isDesktop: false, code: undefined }))).toBe(
    'sign-in-failed',
  )
  expect(await codeOf(() => firstManager.create({ ...input, isDesktop: false, code: '' }))).toBe('sign-in-failed')
  expect(people.hasAny).toBe(false)

  const typed = code.toLowerCase().replace('-', ' ')
  const both = await Promise.allSettled([
    firstManager.create({ ...input, isDesktop: false, code: typed }),
    firstManager.create({ ...input, isDesktop: true, code: undefined }),
  ])
  expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
  expect(people.list()).toMatchObject([{ user: 'admin', role: 'admin', hasPassword: true, hasPin: false }])
  expect(firstManager.code).toBeUndefined()
  expect(await codeOf(() => firstManager.create({ ...input, isDesktop: true, code }))).toBe('setup-done')
  await at.reopen()
  expect(at.access.firstManager.code).toBeUndefined()
  expect(await prove('Admin', 'password', 'a long password')).toMatchObject({ name: 'admin' })
})

test('a password of the environment makes the first manager once and is never written anywhere', async () => {
  await at.reopen({ adminPassword: 'unattended set-up' })
  await at.reopen({ adminPassword: 'another password' })
  expect(await prove('admin', 'password', 'unattended set-up')).toMatchObject({ roleId: 'admin' })
  expect(await codeOf(() => prove('admin', 'password', 'another password'))).toBe('sign-in-failed')
  const written = JSON.stringify([at.records, at.access.audit.list({}, 100), at.access.people.list()])
  expect(written).not.toContain('unattended')
})

test('people: names are one whatever their case, secrets have rules, roles exist, and one administrator stays', async () => {
  const { people } = at.access
  const admin = await people.add({ user: 'Admin', role: 'admin', password: 'a long password' })
  await people.add({ user: 'Sara', role: 'cashier', pin: '5712' })
  const refusals: [string, Parameters<typeof people.add>[0]][] = [
    ['person-exists', { user: ' SARA ', role: 'cashier' }],
    ['invalid-name', { user: 'a b', role: 'cashier' }],
    ['invalid-name', { user: '', role: 'cashier' }],
    ['invalid-name', { user: 'x'.repeat(65), role: 'cashier' }],
    ['role-not-found', { user: 'omar', role: 'king' }],
    ['role-not-found', { user: 'omar', role: 'constructor' }],
    ['weak-secret', { user: 'omar', role: 'cashier', password: 'short' }],
    ['weak-secret', { user: 'omar', role: 'cashier', password: 'aaaaaaaaaaaa' }],
    ['weak-secret', { user: 'omar-hassan', role: 'cashier', password: 'Omar-Hassan' }],
    ...['123', '123456789', '12a4', '1111', '1234', '87654321', '٤٧١٢'].map(
      (pin) => ['weak-secret', { user: 'omar', role: 'cashier', pin }] as [string, Parameters<typeof people.add>[0]],
    ),
  ]
  for (const [code, input] of refusals) expect([code, await codeOf(() => people.add(input))]).toEqual([code, code])
  const changes = [{ role: 'cashier' }, { isDisabled: true }, { password: null }]
  for (const change of changes) expect(await codeOf(() => people.change(admin.id, change))).toBe('last-administrator')
  expect(await codeOf(() => people.remove(admin.id))).toBe('last-administrator')
  const second = await people.add({ user: 'second', role: 'admin', password: 'another long one' })
  await people.change(admin.id, { role: 'cashier' })
  expect(await codeOf(() => people.remove(second.id))).toBe('last-administrator')
  expect(people.list().map(({ user, role }) => [user, role])).toEqual([
    ['admin', 'cashier'],
    ['sara', 'cashier'],
    ['second', 'admin'],
  ])
})

test('wrong tries delay the device that made them, longer each time, through restarts, and nobody else', async () => {
  await at.access.people.add({ user: 'admin', role: 'admin', password: 'a long password' })
  const sara = await at.access.people.add({ user: 'sara', role: 'cashier', pin: '5712' })
  for (let n = 0; n < 5; n++) expect(await codeOf(() => prove('sara', 'pin', '0000', 'till-1'))).toBe('sign-in-failed')
  expect(await codeOf(() => prove('sara', 'pin', '5712', 'till-1'))).toBe('sign-in-locked')
  expect(await prove('sara', 'pin', '5712', 'till-2')).toMatchObject({ id: sara.id })
  expect(await prove('admin', 'password', 'a long password', 'till-1')).toMatchObject({ name: 'admin' })
  await at.reopen()
  expect(await codeOf(() => prove('sara', 'pin', '5712', 'till-1'))).toBe('sign-in-locked')

  const waits: number[] = []
  for (let n = 0; n < 9; n++) {
    const { details } = (await prove('sara', 'pin', '5712', 'till-1').catch((error: unknown) => error)) as {
      details: { retryAfterSeconds: number }
    }
    waits.push(details.retryAfterSeconds)
    at.clock.advance(details.retryAfterSeconds * 1000)
    expect(await codeOf(() => prove('sara', 'pin', '0000', 'till-1'))).toBe('sign-in-failed')
  }
  expect(waits).toEqual([30, 60, 120, 240, 480, 960, 1920, 3600, 3600])
  expect(at.access.lockout.list(sara.id)).toMatchObject([{ origin: 'device till-1' }])
  expect(at.access.lockout.unlock(sara.id)).toBe(1)
  expect(await prove('sara', 'pin', '5712', 'till-1')).toMatchObject({ id: sara.id })
})

test('a clock that is set back does not lock for longer than the wait', async () => {
  await at.access.people.add({ user: 'sara', role: 'cashier', pin: '5712' })
  for (let n = 0; n < 5; n++) await codeOf(() => prove('sara', 'pin', '0000', 'till-1'))
  at.clock.advance(-86_400_000)
  expect(await codeOf(() => prove('sara', 'pin', '5712', 'till-1'))).toBe('sign-in-locked')
  at.clock.advance(31_000)
  expect(await codeOf(() => prove('sara', 'pin', '5712', 'till-1'))).toBe('none')
})

test('a thousand tries at once are five tries', async () => {
  await at.access.people.add({ user: 'sara', role: 'cashier', pin: '5712' })
  const codes = await Promise.all(
    Array.from({ length: 1_000 }, (_, n) => codeOf(() => prove('sara', 'pin', String(1_000 + n), 'till-1'))),
  )
  expect(codes.filter((code) => code === 'sign-in-failed')).toHaveLength(5)
  expect(codes.filter((code) => code === 'sign-in-locked')).toHaveLength(995)
})

test('a PIN needs a paired device; a disabled person and an unknown one are refused alike', async () => {
  const sara = await at.access.people.add({ user: 'sara', role: 'cashier', pin: '5712', password: 'a long password' })
  expect(await codeOf(() => prove('sara', 'pin', '5712'))).toBe('device-required')
  await at.access.people.change(sara.id, { isDisabled: true })
  const messages: string[] = []
  for (const user of ['sara', 'nobody']) {
    const error = (await prove(user, 'password', 'a long password').catch((reason: unknown) => reason)) as Error
    messages.push(error.message)
  }
  expect(messages).toEqual(['The user or the password is wrong.', 'The user or the password is wrong.'])
})

test('the recovery code brings an administrator back, once, and nobody else', async () => {
  const { person, recoveryCode } = await at.access.firstManager.make({ password: 'a long password' })
  await at.access.people.add({ user: 'sara', role: 'cashier', pin: '5712' })
  const { recovery } = at.access
  const input = { code: recoveryCode, user: undefined, password: 'a new password', origin: 'address 10.0.0.9' }
  expect(recoveryCode).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}$/)
  expect(await codeOf(() => recovery.recover({ ...input, code: 'AAAA-BBBB' }))).toBe('sign-in-failed')
  expect(await codeOf(() => recovery.recover({ ...input, user: 'sara' }))).toBe('sign-in-failed')
  const outcome = await recovery.recover({ ...input, code: recoveryCode.toLowerCase().replaceAll('-', '') })
  expect(outcome.person.id).toBe(person.id)
  expect(await prove('admin', 'password', 'a new password')).toMatchObject({ id: person.id })
  expect(await codeOf(() => recovery.recover(input))).toBe('sign-in-failed')
  expect(await codeOf(() => recovery.recover({ ...input, code: outcome.recoveryCode }))).toBe('none')
})

test('a try that found the queue full is no wrong try, and a crowd of strangers keeps no till from signing in', async () => {
  await at.access.people.add({ user: 'admin', role: 'admin', password: 'a long password' })
  const sara = await at.access.people.add({ user: 'sara', role: 'cashier', pin: '5712' })
  const addresses = Array.from({ length: 5 }, (_, n) => `10.0.1.${n}`)
  const crowd = addresses.flatMap((address) =>
    Array.from({ length: 100 }, (_, n) => codeOf(() => prove(`name-${n}`, 'password', 'a guess', null, address))),
  )
  const owner = Array.from({ length: 20 }, () =>
    codeOf(() => prove('admin', 'password', 'a long password', null, '10.0.1.0')),
  )
  const tills = Array.from({ length: 20 }, (_, n) => prove('sara', 'pin', '5712', `till-${n}`))
  expect((await Promise.all(tills)).map(({ id }) => id)).toEqual(tills.map(() => sara.id))
  expect(await Promise.all(owner)).toEqual(owner.map(() => 'rate-limited'))
  const codes = await Promise.all(crowd)
  // Two run, 32 wait.
  expect(codes.filter((code) => code === 'sign-in-failed')).toHaveLength(34)
  expect(codes.filter((code) => code === 'rate-limited')).toHaveLength(466)
  expect(await codeOf(() => prove('admin', 'password', 'a long password', null, '10.0.1.0'))).toBe('none')
})

test('inventing names is no new start: a hundred wrong tries of one address begin its wait, and nobody else waits', async () => {
  await at.access.people.add({ user: 'admin', role: 'admin', password: 'a long password', pin: '5712' })
  const right = (address: string) => codeOf(() => prove('admin', 'password', 'a long password', null, address))
  for (let n = 0; n < 99; n++) {
    expect(await codeOf(() => prove(`name-${n}`, 'password', 'a guess'))).toBe('sign-in-failed')
  }
  expect(await right('10.0.0.7')).toBe('none') // forgets the ninety-nine
  for (let n = 0; n < 100; n++) {
    const user = n % 2 === 0 ? `name-${n}` : `other-${n}`
    expect(await codeOf(() => prove(user, 'password', 'a guess'))).toBe('sign-in-failed')
  }
  expect(await codeOf(() => prove('one more', 'password', 'a guess'))).toBe('sign-in-locked')
  expect(await right('10.0.0.7')).toBe('sign-in-locked')
  expect(await right('10.0.0.8')).toBe('none')
  expect(await codeOf(() => prove('admin', 'pin', '5712', 'till-1'))).toBe('none')
  at.clock.advance(30_000)
  expect(await right('10.0.0.7')).toBe('none')
})

test('a secret that is taken away while its hash is made opens nothing', async () => {
  const sara = await at.access.people.add({ user: 'sara', role: 'cashier', pin: '5712', password: 'a long password' })
  const [password, pin] = [prove('sara', 'password', 'a long password'), prove('sara', 'pin', '5712', 'till-1')]
  const outcomes = Promise.all([codeOf(() => password), codeOf(() => pin)])
  await at.access.people.change(sara.id, { password: null })
  expect(await outcomes).toEqual(['sign-in-failed', 'none'])
})

test('who may not do it any more when the hash is there has changed nothing', async () => {
  const sara = await at.access.people.add({ user: 'sara', role: 'cashier', pin: '5712' })
  const refuse = (): void => {
    throw new AppError('forbidden', 'Not any more.')
  }
  const { people } = at.access
  expect(await codeOf(() => people.change(sara.id, { pin: '8264', role: 'manager' }, refuse))).toBe('forbidden')
  const omar = { user: 'omar', role: 'cashier', pin: '8264' }
  expect(await codeOf(() => people.add(omar, refuse))).toBe('forbidden')
  expect(people.list().map(({ user, role }) => [user, role])).toEqual([['sara', 'cashier']])
  expect(await prove('sara', 'pin', '5712', 'till-1')).toMatchObject({ roleId: 'cashier' })
})

test('one recovery code, used twice at once, is good once; a password that is refused does not use it up', async () => {
  const { recoveryCode } = await at.access.firstManager.make({ password: 'a long password' })
  const { recovery } = at.access
  const input = { code: recoveryCode, user: undefined, password: 'a new password', origin: 'address 10.0.0.9' }
  expect(await codeOf(() => recovery.recover({ ...input, password: 'short' }))).toBe('weak-secret')
  const both = await Promise.all([
    codeOf(() => recovery.recover(input)),
    codeOf(() => recovery.recover({ ...input, password: 'a stolen password', origin: 'address 10.0.0.10' })),
  ])
  expect(both).toEqual(['none', 'sign-in-failed'])
  expect(await prove('admin', 'password', 'a new password')).toMatchObject({ name: 'admin' })
})
