import { expect, type Page, test } from '@playwright/test'
import type { JsonObject } from '../../src-shared/json.ts'
import {
  BRANCH,
  type ClosedStage,
  cardOf,
  openApp,
  PEOPLE,
  pairByLink,
  prepareClosedStage,
  signIn,
  typeDigits,
} from './closed-stage.ts'

/** A tablet comes into a closed branch, stays in it, and is taken out of it: real server, real browser. */
test.use({ viewport: { width: 1280, height: 800 } })
const stage = prepareClosedStage()
const QUARTER_MS = 14 * 60_000

async function deviceOf(name: string): Promise<JsonObject> {
  const { body } = await stage.ask('GET', '/api/manage/devices')
  const { devices } = body as { devices: JsonObject[] }
  return devices.find((device) => device.name === name && device.revokedAt === null)!
}

async function revoke(own: ClosedStage, name: string): Promise<void> {
  const { id } = await deviceOf(name)
  const answer = await own.ask('DELETE', `/api/manage/devices/${String(id)}?reason=lost`)
  expect(answer.status, answer.text).toBe(200)
}

async function openShift(page: Page, till: string): Promise<void> {
  await page.locator(`[data-terminal="${till}"]`).click()
  await page.locator('[data-cashier="emp-cashier-1"]').click()
  await page.getByTestId('open-shift').click()
  await expect(page.locator('[data-screen="sell"]')).toBeVisible()
  await expect(page.locator('[data-link="ready"]')).toBeVisible()
}

test('the QR code: paired at once, the secret leaves the address, tokens are renewed, revoked within a second', async ({
  page,
}) => {
  const invitation = await stage.invite('cashier', 'Tablet 1')
  const link = new URL(invitation.qr.urls[0]!)
  expect([link.pathname, link.hash]).toEqual(['/pos/', `#pair=${invitation.qr.secret}`])
  await openApp(page, stage, 'pos', `?branch=${BRANCH}${link.hash}`)
  await expect(cardOf(page, 'pin')).toBeVisible()
  await expect(page).toHaveURL(`${stage.relay().url}/pos/?branch=${BRANCH}`)
  expect(await deviceOf('Tablet 1')).toMatchObject({ role: 'cashier', approvedBy: PEOPLE.admin.name })
  // Good once: the same link on another device gets nothing.
  const stranger = await (await page.context().browser()!.newContext()).newPage()
  await openApp(stranger, stage, 'pos', link.hash)
  await expect(stranger.getByRole('alert')).toHaveAttribute('data-problem', 'pairing-refused')
  await stranger.context().close()

  await page.goto(`${stage.relay().url}/pos/?branch=${BRANCH}`)
  await expect(cardOf(page, 'pin')).toBeVisible()
  await signIn(page, 'sara')
  await openShift(page, 'pos-1')

  // A quarter of an hour later the line breaks: the next connection needs a new token.
  await page.clock.setSystemTime(Date.now() + QUARTER_MS)
  const renewed = page.waitForResponse((answer) => answer.url().endsWith('/api/auth/refresh'))
  const socket = page.waitForEvent('websocket')
  stage.relay().cut()
  expect((await renewed).status()).toBe(200)
  await socket
  await expect(page.locator('[data-link="ready"]')).toBeVisible()

  const reopened = page.waitForEvent('websocket')
  stage.relay().cut()
  const live = await reopened
  await expect(page.locator('[data-link="ready"]')).toBeVisible()
  const closed = live.waitForEvent('close')
  await revoke(stage, 'Tablet 1')
  const answeredAt = performance.now()
  await closed
  const goneMs = performance.now() - answeredAt
  expect(goneMs).toBeLessThan(1_000)
  await expect(cardOf(page, 'revoked')).toBeVisible()
  await expect(cardOf(page, 'revoked')).toContainText('taken this device out of use')
  test.info().annotations.push({ type: 'measured', description: `socket gone after ${Math.round(goneMs)} ms` })
  await page.reload()
  await expect(cardOf(page, 'revoked')).toBeVisible()
})

test('the address of the QR code as it is: https with the branch’s own certificate, encrypted sockets', async ({
  browser,
}) => {
  // What installing the certificate does (e2e/integration/https.test.ts) is not this browser's to do.
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 800 } })
  const page = await context.newPage()
  const { qr } = await stage.invite('waiter', 'Tablet by https')
  expect(new URL(qr.urls[0]!).protocol).toBe('https:')
  const opened = page.waitForEvent('websocket')
  await page.goto(qr.urls[0]!)
  await expect(cardOf(page, 'pin')).toBeVisible()
  expect(page.url()).not.toContain(qr.secret)
  expect(await page.evaluate('isSecureContext && "locks" in navigator')).toBe(true)
  await signIn(page, 'omar')
  await expect(page.locator('[data-screen]')).toBeVisible()
  await expect(page.locator('[data-link="ready"]')).toBeVisible()
  expect(new URL((await opened).url()).protocol).toBe('wss:')
  await context.close()
})

test('the 8 digits: typed with fingers, approved in the console or by a manager’s PIN on the device', async ({
  page,
}) => {
  await openApp(page, stage, 'kds', `?branch=${BRANCH}&section=all`)
  await expect(cardOf(page, 'unpaired')).toBeVisible()
  await typeDigits(page, '00000000')
  await page.getByTestId('pair').click()
  await expect(page.getByRole('alert')).toHaveAttribute('data-problem', 'pairing-refused')

  const first = await stage.invite('kitchen')
  await page.locator('input[name="device"]').fill('Grill screen')
  await typeDigits(page, first.code)
  await page.getByTestId('pair').click()
  await expect(cardOf(page, 'waiting')).toBeVisible()
  // It goes on waiting after a reload.
  await page.reload()
  await expect(cardOf(page, 'waiting')).toBeVisible()
  expect((await stage.ask('POST', `/api/manage/pairings/${first.id}/approve`, {})).status).toBe(200)
  await expect(page.locator('.screen[data-link="ready"]')).toBeVisible()
  expect(await deviceOf('Grill screen')).toMatchObject({ role: 'kitchen' })

  const other = await (await page.context().browser()!.newContext()).newPage()
  await openApp(other, stage, 'pos')
  await typeDigits(other, (await stage.invite('cashier', 'Counter')).code)
  await other.getByTestId('pair').click()
  await expect(cardOf(other, 'waiting')).toBeVisible()
  await other.locator('input[name="manager"]').fill('omar')
  await typeDigits(other, PEOPLE.omar.pin)
  await other.getByTestId('approve').click()
  await expect(other.getByRole('alert')).toHaveAttribute('data-problem', 'forbidden')
  await other.locator('input[name="manager"]').fill('admin')
  await typeDigits(other, PEOPLE.admin.pin)
  await other.getByTestId('approve').click()
  await expect(cardOf(other, 'pin')).toBeVisible()
  await other.context().close()
})

test('revoked with a full queue: what waits stays on the device and goes out once it is paired again', async ({
  page,
}) => {
  await pairByLink(page, stage, { query: `?branch=${BRANCH}`, role: 'cashier' })
  await signIn(page, 'sara')
  await openShift(page, 'pos-2')
  stage.relay().setOpen(false)
  await expect(page.locator('[data-link="away"]')).toBeVisible()
  await page.locator('.cart-types [data-value="pickup"]').click()
  await page.locator('[data-category="cat-desserts"]').click()
  await page.locator('[data-item="item-om-ali"]').click()
  const orderId = (await page.locator('.cart').getAttribute('data-order'))!
  await page.getByTestId('send').click()
  await expect(page.locator('.queue-badge')).toHaveAttribute('data-pending', '1')
  // Nobody locks a till that nobody could unlock.
  await page.getByTestId('lock').locator('button').click()
  await expect(page.locator('[data-dialog="lock"]')).toContainText('nobody could unlock')
  await page.keyboard.press('Escape')

  await revoke(stage, 'pos cashier')
  stage.relay().setOpen(true)
  await expect(cardOf(page, 'revoked')).toBeVisible({ timeout: 30_000 })
  const find = async () => (await stage.list('order_header')).filter(({ id }) => id === orderId)
  expect(await find()).toEqual([])
  await typeDigits(page, (await stage.invite('cashier', 'Paired again')).code)
  await page.getByTestId('pair').click()
  await page.locator('input[name="manager"]').fill('admin')
  await typeDigits(page, PEOPLE.admin.pin)
  await page.getByTestId('approve').click()
  await signIn(page, 'sara')
  await expect.poll(async () => (await find()).length).toBe(1)
  await expect(page.locator('.queue-badge')).toHaveCount(0)
})
