import { mkdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, type Page, test } from '@playwright/test'
import { expectAccessible, expectBundledGlyphs, expectNothingClipped } from '../console/support/checks.ts'
import { BRANCH, cardOf, openApp, PEOPLE, pairByLink, prepareClosedStage, signIn, typeDigits } from './closed-stage.ts'

/** The pages before the app, and the till behind them: both languages, both looks, a tablet in both positions. */
const stage = prepareClosedStage()
const SMALLEST_TARGET = 44
const SIZES = [
  { width: 1280, height: 800 },
  { width: 800, height: 1280 },
]
const PICTURES = resolve(import.meta.dirname, '../../docs/screenshots')
/** MISHKAH_SHOTS: a folder for pictures of every screen. */
const shots = process.env.MISHKAH_SHOTS
const SHOWN = new Set(['pairing-en-light', 'pin-ar-dark'])
const LARGEST_BYTES = 200 * 1024

interface Chosen {
  language: 'en' | 'ar'
  theme: 'light' | 'dark'
}

for (const language of ['en', 'ar'] as const) {
  for (const theme of ['light', 'dark'] as const) {
    for (const viewport of SIZES) {
      const name = `${language}, ${theme}, ${viewport.width} px`
      test(`pairing, PIN and lock: nothing clipped, one direction, reachable for everybody: ${name}`, async ({
        browser,
      }) => {
        const page = await browser.newPage({ viewport, reducedMotion: 'reduce' })
        const errors: string[] = []
        page.on('pageerror', (error) => errors.push(error.message))
        await walk(page, { language, theme }, async (screen) => {
          const where = `${screen}, ${name}`
          await page.evaluate(() => document.fonts.ready)
          await expect(page.locator('html')).toHaveAttribute('lang', language)
          await expect(page.locator('html')).toHaveAttribute('dir', language === 'ar' ? 'rtl' : 'ltr')
          await expectNothingClipped(page, where)
          await expectTargets(page, where)
          if (viewport.width > 1000) await expectAccessible(page, where)
          if (viewport.width > 1000 && theme === 'light') await expectBundledGlyphs(page, where)
          await takePicture(page, screen, { language, theme }, viewport.width)
        })
        expect(errors).toEqual([])
        await page.close()
      })
    }
  }
}

async function walk(page: Page, chosen: Chosen, look: (name: string) => Promise<void>): Promise<void> {
  await openApp(page, stage, 'pos', `?branch=${BRANCH}`, chosen)
  await expect(cardOf(page, 'unpaired')).toBeVisible()
  await look('pairing')
  await typeDigits(page, '00000000')
  await page.getByTestId('pair').click()
  await expect(page.getByRole('alert')).toBeVisible()
  await look('a wrong code')
  const { code } = await stage.invite('cashier', 'Till by the door · المدخل')
  await typeDigits(page, code)
  await page.getByTestId('pair').click()
  await expect(cardOf(page, 'waiting')).toBeVisible()
  await look('waiting')
  await page.locator('input[name="manager"]').fill('admin')
  await typeDigits(page, PEOPLE.admin.pin)
  await page.getByTestId('approve').click()
  await expect(page.locator('[data-user="sara"]')).toBeVisible()
  await look('people')
  stage.relay().setOpen(false)
  await page.locator('[data-user="omar"]').click()
  await typeDigits(page, '4826')
  await look('pin')
  await page.getByTestId('sign-in').click()
  await expect(page.getByRole('alert')).toBeVisible()
  await look('a PIN that cannot be checked')
  stage.relay().setOpen(true)
  await page.locator('.line-of-buttons .button').first().click()
  await signIn(page, 'omar')
  await expect(page.locator('[data-screen="open-shift"]')).toBeVisible()
  await expect(page.locator('[data-link="ready"]')).toBeVisible()
  // The shifts of another walk may be open; till 3 never has one.
  await page.locator('[data-terminal="pos-3"]').click()
  await expect(page.locator('[data-refused]')).toBeVisible()
  await look('no shift for a waiter')
  await page.getByTestId('lock').locator('button').click()
  await signIn(page, 'sara')
  await page.locator('[data-terminal="pos-1"]').click()
  const cashier = page.locator('[data-cashier="emp-cashier-1"]')
  const goOn = page.locator('.opening-last .button')
  await expect(goOn).toBeVisible()
  if (await cashier.isVisible()) await cashier.click()
  await goOn.click()
  await expect(page.locator('[data-screen="sell"]')).toBeVisible()
  await look('the till')
  stage.relay().setOpen(false)
  await expect(page.locator('[data-link="away"]')).toBeVisible()
  await page.getByTestId('lock').locator('button').click()
  await look('no lock without a server')
  await page.keyboard.press('Escape')
  stage.relay().setOpen(true)
  await expect(page.locator('[data-link="ready"]')).toBeVisible({ timeout: 30_000 })
  await page.getByTestId('lock').locator('button').click()
  await expect(cardOf(page, 'pin')).toBeVisible()
  await revokeAll()
  await expect(cardOf(page, 'revoked')).toBeVisible()
  await look('revoked')
}

async function revokeAll(): Promise<void> {
  const { body } = await stage.ask('GET', '/api/manage/devices')
  const { devices } = body as { devices: { id: string; revokedAt: string | null }[] }
  for (const { id, revokedAt } of devices) {
    if (revokedAt === null) await stage.ask('DELETE', `/api/manage/devices/${id}?reason=end`)
  }
}

async function expectTargets(page: Page, where: string): Promise<void> {
  const small = await page.evaluate((smallest) => {
    const top = document.querySelector('dialog[open]') ?? document.body
    return [...top.querySelectorAll<HTMLElement>('button, input, a')]
      .filter((element) => element.checkVisibility() && !element.closest('.amount-line, .visually-hidden'))
      .map((element) => ({ element, box: element.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 0 && (box.width < smallest - 0.5 || box.height < smallest - 0.5))
      .map(({ element, box }) => `${element.className}: ${Math.round(box.width)}x${Math.round(box.height)}`)
  }, SMALLEST_TARGET)
  expect(small, `small targets on ${where}`).toEqual([])
}

/** Pictures of docs/apps.md, when asked for: `MISHKAH_SCREENSHOTS=1 npm run e2e -- closed-look`. */
async function takePicture(page: Page, screen: string, { language, theme }: Chosen, width: number): Promise<void> {
  if (shots) await page.screenshot({ path: join(shots, `${screen}-${language}-${theme}-${width}.png`) })
  const isAsked = process.env.MISHKAH_SCREENSHOTS === '1'
  const isShown = SHOWN.has(`${screen}-${language}-${theme}`) && width > 1000
  if (!isAsked || !isShown) return
  mkdirSync(PICTURES, { recursive: true })
  const path = join(PICTURES, `${screen}-${language}-${theme}.png`)
  await page.screenshot({ path, animations: 'disabled' })
  expect(statSync(path).size).toBeLessThan(LARGEST_BYTES)
}

test('a kitchen screen that is not paired, and one that only looks', async ({ browser }) => {
  for (const chosen of [
    { language: 'en', theme: 'dark' },
    { language: 'ar', theme: 'light' },
  ] as const) {
    const page = await browser.newPage({ viewport: { width: 1024, height: 600 }, reducedMotion: 'reduce' })
    await openApp(page, stage, 'kds', '', chosen)
    await expect(cardOf(page, 'unpaired')).toBeVisible()
    await expectNothingClipped(page, 'kitchen, pairing')
    await pairByLink(page, stage, { app: 'kds', role: 'display', query: `?branch=${BRANCH}&section=all`, ...chosen })
    await expect(page.locator('[data-refused="job_order_detail"]')).toBeVisible()
    for (const check of [expectNothingClipped, expectAccessible]) await check(page, 'kitchen, only looking')
    await page.close()
  }
})
