import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, type Page, test } from '@playwright/test'
import { ADMIN_PASSWORD, enterConsole, prepareClosedStage } from './support/closed-stage.ts'
import { LANGUAGES, showScreen, text } from './support/console.ts'

/** Pictures of a closed branch for the README: `MISHKAH_SCREENSHOTS=1 npm run e2e -- access-screenshots`. */
const FOLDER = resolve(import.meta.dirname, '../../docs/screenshots')
const LARGEST_BYTES = 200 * 1024
const isAsked = process.env.MISHKAH_SCREENSHOTS === '1'

test.skip(!isAsked, 'MISHKAH_SCREENSHOTS=1 writes the pictures')
const stage = prepareClosedStage()

async function shoot(page: Page, name: string): Promise<void> {
  const path = join(FOLDER, `${name}.png`)
  await page.mouse.move(0, 0)
  await expect(page.locator('.toast')).toHaveCount(0)
  await page.screenshot({ path, animations: 'disabled' })
  expect(statSync(path).size).toBeLessThan(LARGEST_BYTES)
}

/** A branch with people, tablets, one that waits, and somebody who forgot the PIN. */
async function fill(): Promise<void> {
  const { ask, askAsNobody } = stage
  for (const [user, name, role] of [
    ['mona', 'منى السيد', 'manager'],
    ['sara', 'سارة', 'cashier'],
    ['karim', 'Karim', 'waiter'],
  ] as const) {
    await ask('POST', '/api/manage/people', { user, name, role, password: ADMIN_PASSWORD, pin: '8261' })
  }
  const label = 'رئيس الوردية'
  await ask('PUT', '/api/manage/roles/shift-lead', { label, permissions: ['read:*', 'write:orders', 'manage:status'] })
  for (const [name, role, isLegacy] of [
    ['صندوق الباب', 'cashier', false],
    ['Terrace tablet', 'waiter', false],
    ['شاشة المشويات', 'kitchen', true],
  ] as const) {
    const { qr } = (await ask('POST', '/api/manage/pairings', { role, name, isLegacy })) as { qr: { secret: string } }
    await askAsNobody('/api/pair', { secret: qr.secret })
  }
  const { code } = (await ask('POST', '/api/manage/pairings', { role: 'waiter' })) as { code: string }
  await askAsNobody('/api/pair', { code, name: 'تابلت النادل' })
  for (let n = 0; n < 6; n++) await askAsNobody('/api/auth/login', { user: 'karim', password: `wrong ${n}` })
}

test('pictures of a closed branch in both directions', async ({ browser }) => {
  await fill()
  for (const language of LANGUAGES) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 860 } })
    const page = await context.newPage()
    await enterConsole(page, stage.server(), { language })
    for (const screen of ['devices', 'people', 'roles', 'audit']) {
      await showScreen(page, screen)
      await shoot(page, `${screen}-${language}`)
    }
    await showScreen(page, 'devices')
    await page.getByRole('button', { name: text(language, 'devices.add'), exact: true }).click()
    await page.getByRole('button', { name: text(language, 'devices.add.button') }).click()
    await expect(page.locator('.qr')).toBeVisible()
    await shoot(page, `add-tablet-${language}`)
    await context.close()
  }
})
