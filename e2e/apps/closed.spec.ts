import { expect, type Page, test } from '@playwright/test'
import type { JsonObject } from '../../src-shared/json.ts'
import { send } from '../support/http.ts'
import { TestSocket } from '../support/socket.ts'
import {
  BRANCH,
  cardOf,
  keepPages,
  openApp,
  PEOPLE,
  pairByLink,
  prepareClosedStage,
  signIn,
  typeDigits,
} from './closed-stage.ts'

/** Till and kitchen screen of a closed branch: who may do what, and that nothing works without. */
test.use({ viewport: { width: 1280, height: 800 } })
const stage = prepareClosedStage()
/** An access token is renewed before it has lived for so long. */
const QUARTER_MS = 14 * 60_000
const POS = `?branch=${BRANCH}`

async function personId(user: string): Promise<string> {
  const { body } = await stage.ask('GET', '/api/manage/people')
  const { people } = body as { people: { id: string; user: string }[] }
  return people.find((person) => person.user === user)!.id
}

async function openShift(page: Page, till: string): Promise<void> {
  await page.locator(`[data-terminal="${till}"]`).click()
  const goOn = page.getByRole('button', { name: 'Go on', exact: true })
  const cashier = page.locator('[data-cashier="emp-cashier-1"]')
  await expect(goOn.or(cashier)).toBeVisible()
  if (await goOn.isVisible()) await goOn.click()
  else {
    await cashier.click()
    await page.getByTestId('open-shift').click()
  }
  await expect(page.locator('[data-screen="sell"]')).toBeVisible()
  await expect(page.locator('[data-link="ready"]')).toBeVisible()
}

async function add(page: Page, category: string, item: string): Promise<void> {
  await page.locator(`[data-category="${category}"]`).click()
  await page.locator(`[data-item="${item}"]`).click()
}

async function lock(page: Page): Promise<void> {
  await expect(page.locator('[data-link="ready"]')).toBeVisible()
  await expect(page.locator('.queue-badge')).toHaveCount(0)
  await page.getByTestId('lock').locator('button').click()
  await expect(cardOf(page, 'pin')).toBeVisible()
}

async function find(table: string, id: string): Promise<JsonObject | undefined> {
  return (await stage.list(table)).find((record) => record.id === id)
}

test('a cashier signs in with a PIN, sells and is paid, and the records say who it was', async ({ page }) => {
  await pairByLink(page, stage, { query: POS })
  await signIn(page, 'sara')
  await openShift(page, 'pos-1')
  await expect(page.getByTestId('shift')).toContainText(PEOPLE.sara.name)
  await add(page, 'cat-grills', 'item-kofta-plate')
  await add(page, 'cat-desserts', 'item-om-ali')
  const id = (await page.locator('.cart').getAttribute('data-order'))!
  await page.getByTestId('pay').click()
  await page.locator('[data-dialog="pay"] [data-method="cash"]').click()
  await page.getByTestId('take').click()
  const number = page.locator('[data-dialog="receipt"]').getByTestId('receipt-number')
  await expect(number).toHaveAttribute('data-number', /^DAR-\d{5}$/)
  await page.getByTestId('next-order').click()
  const sara = await personId('sara')
  await expect.poll(() => find('order_header', id)).toMatchObject({ paymentStateId: 'paid', openedBy: sara })
  const logs = (await stage.list('order_status_log')).filter(({ orderId }) => orderId === id)
  expect(logs.map(({ actorId }) => actorId)).toEqual(logs.map(() => sara))
  expect(logs.length).toBeGreaterThan(0)
  expect((await stage.list('order_payment')).filter(({ orderId }) => orderId === id)).toHaveLength(1)

  // Who stands at the till outlives a reload, also while the server is away.
  await keepPages(page.context())
  stage.relay().setOpen(false)
  await page.reload()
  await expect(page.locator('[data-screen="sell"]')).toBeVisible()
  await expect(page.getByTestId('shift')).toContainText(PEOPLE.sara.name)
  await add(page, 'cat-desserts', 'item-om-ali')
  await page.getByTestId('hold').click()
  await expect(page.locator('.queue-badge')).toHaveAttribute('data-pending', '1')
  stage.relay().setOpen(true)
  await expect(page.locator('.queue-badge')).toHaveCount(0, { timeout: 30_000 })
  await lock(page)
})

test('a waiter sends orders, opens and closes no shift; a runner takes no money: the app says so', async ({ page }) => {
  await pairByLink(page, stage, { query: POS })
  await signIn(page, 'omar')
  await page.locator('[data-terminal="pos-2"]').click()
  await expect(page.locator('[data-refused="pos_shift"]')).toContainText('does not open shifts')
  await expect(page.getByTestId('open-shift')).toHaveCount(0)
  // The manager changes the role while the app is open: it hears of that with its next connection.
  const omar = await personId('omar')
  for (const [role, shown] of [
    ['cashier', page.getByTestId('open-shift')],
    ['waiter', page.locator('[data-refused="pos_shift"]')],
  ] as const) {
    expect((await stage.ask('PATCH', `/api/manage/people/${omar}`, { role })).status).toBe(200)
    await expect(shown).toBeVisible()
  }
  await lock(page)
  await signIn(page, 'sara')
  await openShift(page, 'pos-2')
  await lock(page)

  await signIn(page, 'omar')
  await expect(page.locator('[data-screen="sell"]')).toBeVisible()
  await page.locator('.cart-types [data-value="pickup"]').click()
  // Two sections, so that the pass gets a ticket too.
  await add(page, 'cat-grills', 'item-kofta-plate')
  await add(page, 'cat-hot-drinks', 'item-turkish-coffee')
  const id = (await page.locator('.cart').getAttribute('data-order'))!
  await page.getByTestId('send').click()
  await expect.poll(() => find('order_header', id)).toMatchObject({ statusId: 'open', openedBy: omar })
  await expect(page.locator('.queue-badge')).toHaveCount(0)
  await page.getByTestId('shift').click()
  await expect(page.getByTestId('close-shift')).toHaveCount(0)
  await expect(page.locator('[data-dialog="shift"] [data-refused="pos_shift"]')).toBeVisible()
  await page.keyboard.press('Escape')
  await lock(page)

  await signIn(page, 'hana')
  await add(page, 'cat-desserts', 'item-om-ali')
  await expect(page.locator('[data-refused="order_payment"]')).toContainText('does not take payments')
  await expect(page.getByTestId('pay')).toBeDisabled()
  await expect(page.getByTestId('hold')).toBeEnabled()

  // What the app does not offer, the server does not take either.
  const { qr } = await stage.invite('cashier')
  const paired = await send(stage.server().url, '/api/pair', { method: 'POST', body: { secret: qr.secret } })
  const device = (paired.body as { accessToken: string }).accessToken
  for (const [user, table, status] of [
    ['omar', 'pos_shift', 403],
    ['hana', 'order_payment', 403],
    ['sara', 'customer_profiles', 201],
  ] as const) {
    const headers = { Authorization: `Bearer ${device}` }
    const body = { user, pin: PEOPLE[user].pin }
    const signedIn = await send(stage.server().url, '/api/auth/login', { method: 'POST', body, headers })
    const { accessToken } = signedIn.body as { accessToken: string }
    const answer = await send(stage.server().url, `/api/branches/${BRANCH}/modules/pos/tables/${table}`, {
      method: 'POST',
      body: { record: { id: `by-${user}`, name: 'Nadia', posId: 'pos-3', orderId: id, amount: 1 } },
      headers: { Authorization: `Bearer ${accessToken}`, 'Mishkah-Protocol': '2' },
    })
    expect([user, answer.status]).toEqual([user, status])
  }
})

test('the kitchen needs no PIN and bumps; a display only looks', async ({ page }) => {
  const grill = await (await page.context().browser()!.newContext()).newPage()
  await pairByLink(grill, stage, { app: 'kds', role: 'kitchen', query: `${POS}&section=all` })
  await expect(grill.locator('.screen[data-link="ready"]')).toBeVisible()
  const display = await (await page.context().browser()!.newContext()).newPage()
  await pairByLink(display, stage, { app: 'kds', role: 'display', query: `${POS}&section=all` })
  await expect(display.locator('[data-refused="job_order_detail"]')).toBeVisible()

  await pairByLink(page, stage, { query: POS })
  await signIn(page, 'sara')
  await openShift(page, 'pos-3')
  await page.locator('.cart-types [data-value="pickup"]').click()
  await add(page, 'cat-grills', 'item-kofta-plate')
  const id = (await page.locator('.cart').getAttribute('data-order'))!
  await page.getByTestId('send').click()

  const shown = display.locator(`.ticket[data-order="${id}"]`)
  await expect(shown).toHaveCount(1)
  await expect(shown.locator('.ticket-done')).toHaveCount(0)
  await expect(shown.locator('.item').first()).toBeDisabled()

  await grill.locator(`.ticket[data-order="${id}"] .ticket-done`).click()
  await expect.poll(() => find('order_header', id)).toMatchObject({ statusId: 'ready' })
  await expect(shown).toHaveCount(0)
  await expect(grill.locator('.queue-badge')).toHaveCount(0)
  await expect(display.locator('.queue-badge')).toHaveCount(0)
  await grill.context().close()
  await display.context().close()
})

test('wrong PINs are told, then the wait; who cannot be checked is told too', async ({ page }) => {
  await pairByLink(page, stage, { query: POS })
  await page.locator('[data-user="omar"]').click()
  for (let tries = 0; tries < 5; tries++) {
    await typeDigits(page, '4826')
    await page.getByTestId('sign-in').click()
    await expect(page.getByRole('alert')).toHaveAttribute('data-problem', 'sign-in-failed')
    await expect(page.locator('.digits-input')).toHaveValue('')
    await expect(page.locator('.digits-input')).toBeEnabled()
  }
  await typeDigits(page, PEOPLE.omar.pin)
  await page.getByTestId('sign-in').click()
  await expect(page.getByRole('alert')).toContainText(/Wait \d+ seconds/)
  await expect(page.locator('.digits-input')).toBeDisabled()
  // Omar has to wait at this device; the others do not.
  await page.getByRole('button', { name: 'Somebody else' }).click()
  stage.relay().setOpen(false)
  await page.locator('[data-user="sara"]').click()
  await typeDigits(page, PEOPLE.sara.pin)
  await page.getByTestId('sign-in').click()
  await expect(page.getByRole('alert')).toHaveAttribute('data-problem', 'offline')
  stage.relay().setOpen(true)
  await typeDigits(page, PEOPLE.sara.pin)
  await page.getByTestId('sign-in').click()
  await expect(page.locator('[data-screen]')).toBeVisible()
})

test('two tabs are one device: one renews the tokens for both, and locking one locks the other', async ({ page }) => {
  await pairByLink(page, stage, { query: POS })
  await signIn(page, 'sara')
  await openShift(page, 'pos-1')
  const tab = await page.context().newPage()
  await openApp(tab, stage, 'pos', POS)
  await expect(tab.locator('[data-screen="sell"]')).toBeVisible()
  let renewals = 0
  page.context().on('request', (request) => {
    if (request.url().endsWith('/api/auth/refresh')) renewals++
  })
  const sockets = [page, tab].map((one) => one.waitForEvent('websocket'))
  for (const one of [page, tab]) await one.clock.setSystemTime(Date.now() + QUARTER_MS)
  stage.relay().cut()
  await Promise.all(sockets)
  for (const one of [page, tab]) await expect(one.locator('[data-link="ready"]')).toBeVisible()
  await expect.poll(() => renewals).toBe(1)
  await lock(page)
  await expect(cardOf(tab, 'pin')).toBeVisible()
  await signIn(tab, 'omar')
  await expect(page.getByTestId('shift')).toContainText(PEOPLE.omar.name)
})

test('what a device keeps of one person is not shown to another who may not see it', async ({ page }) => {
  const customers = async () => {
    await page.locator('.cart-types [data-value="delivery"]').click()
    await page.getByTestId('customer').click()
    const shown = await page.locator('[data-dialog="customer"] .customer').count()
    await page.keyboard.press('Escape')
    return shown
  }
  await pairByLink(page, stage, { query: POS })
  await signIn(page, 'sara')
  await openShift(page, 'pos-1')
  expect(await customers()).toBeGreaterThan(0)
  await lock(page)
  await page.locator('[data-user="hana"]').click()
  await typeDigits(page, PEOPLE.hana.pin)
  // The server is slow: its answer must be waited for.
  stage.relay().setDelay(400)
  await page.getByTestId('sign-in').click()
  await expect(page.locator('[data-screen="sell"]')).toBeVisible()
  expect(await customers()).toBe(0)
  stage.relay().setDelay(0)
})

test('nothing works without: neither pages, nor REST, nor sockets', async ({ page }) => {
  for (const app of ['pos', 'kds'] as const) {
    await openApp(page, stage, app, POS)
    await expect(cardOf(page, 'unpaired')).toBeVisible()
    await expect(page.locator('[data-screen], .screen')).toHaveCount(0)
  }
  // A device that nobody knows, while the server is away: it says so, and asks to be paired when the server is back.
  await keepPages(page.context())
  await page.evaluate(() => localStorage.clear())
  stage.relay().setOpen(false)
  await openApp(page, stage, 'pos')
  await expect(page.locator('[data-start="no-server"]')).toBeVisible()
  stage.relay().setOpen(true)
  await expect(cardOf(page, 'unpaired')).toBeVisible()
  const paths = ['/api/branches', `/api/branches/${BRANCH}/modules/pos/tables/order_header`, '/api/auth/people']
  for (const path of paths) {
    const { status, body } = await send(stage.server().url, path)
    expect([path, status, (body as JsonObject).error]).toEqual([path, 401, 'unauthorized'])
  }
  const socket = await TestSocket.open(stage.server().wsUrl)
  socket.send({ type: 'client:hello', protocol: 2, branchId: BRANCH, modules: ['pos'], requestId: 'hello' })
  expect(await socket.next((frame) => frame.type === 'server:error')).toMatchObject({ error: 'unauthorized' })
  await socket.close()
})
