import { mkdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Browser, expect, type Page, test } from '@playwright/test'
import { expectAccessible, expectBundledGlyphs, expectNothingClipped } from '../console/support/checks.ts'
import { playEvening } from './kds-evening.ts'
import { LANGUAGES, type Language, openKds, prepareKdsStage, Till, text, ticketOf } from './kds-stage.ts'

/** The kitchen screen as it is seen: both languages, both looks, a small tablet and a large screen. */
const stage = prepareKdsStage()
const GLOVES_PX = 56
const PICTURES = resolve(import.meta.dirname, '../../docs/screenshots')
const LARGEST_BYTES = 200 * 1024

let till: Till

test.beforeAll(async () => {
  till = await Till.open(stage)
  await playEvening(till)
})
test.afterAll(() => till.close())

interface View {
  language: Language
  theme: 'light' | 'dark'
  width?: number
  height?: number
  sections?: string
  isLarge?: boolean
  hasAllDay?: boolean
}

async function openView(browser: Browser, { width = 1280, height = 800, ...options }: View): Promise<Page> {
  const context = await browser.newContext({ viewport: { width, height }, reducedMotion: 'reduce' })
  const page = await context.newPage()
  await openKds(page, stage, options)
  await expect(ticketOf(page, 'DAR-010412')).toBeVisible()
  return page
}

async function expectDirection(page: Page, language: Language): Promise<void> {
  const html = page.locator('html')
  await expect(html).toHaveAttribute('lang', language)
  await expect(html).toHaveAttribute('dir', language === 'ar' ? 'rtl' : 'ltr')
  const oldest = (await ticketOf(page, 'DAR-010412').boundingBox())!
  const { width } = page.viewportSize()!
  expect(oldest.x < width / 2, 'the oldest ticket is at the start of the line').toBe(language === 'en')
}

/** Everything on the screen that can be pressed is as large as a glove. */
async function expectGloves(page: Page, where: string): Promise<void> {
  const small = await page.locator('button:visible').evaluateAll(
    (buttons, least) =>
      buttons.flatMap((button) => {
        const { width, height } = button.getBoundingClientRect()
        return width >= least - 0.5 && height >= least - 0.5
          ? []
          : [`${button.className} ${button.textContent}: ${Math.round(width)} x ${Math.round(height)}`]
      }),
    GLOVES_PX,
  )
  expect(small, `small targets on ${where}`).toEqual([])
}

async function check(page: Page, where: string): Promise<void> {
  await expectAccessible(page, where)
  await expectNothingClipped(page, where)
  await expectGloves(page, where)
  await expectBundledGlyphs(page, where)
}

for (const language of LANGUAGES) {
  for (const theme of ['light', 'dark'] as const) {
    test(`readable for everyone: ${language}, ${theme}`, async ({ browser }) => {
      const page = await openView(browser, { language, theme, hasAllDay: true })
      await expectDirection(page, language)
      await check(page, 'tickets')
      const own = `look-${language}-${theme}`
      await till.send({ id: own, minutes: 23, lines: [{ itemId: 'item-tarb', note: 'بسرعة' }, { itemId: 'item-tea' }] })
      await ticketOf(page, own).locator('.ticket-start').click()
      await ticketOf(page, own).locator('.item').first().click()
      await expect(page.locator('.undo')).toBeVisible()
      await check(page, 'an item bumped')
      await page.locator('.undo').getByRole('button').click()
      await page.locator('[data-action="recall"]').click()
      await check(page, 'recall')
      await page.keyboard.press('Escape')
      await page.locator('.bar-sections').click()
      await check(page, 'sections')
      await page.keyboard.press('Escape')
      await page.getByRole('button', { name: language === 'ar' ? 'اللغة والمظهر' : 'Language and look' }).click()
      await check(page, 'settings')
      await page.keyboard.press('Escape')
      stage.relay().setOpen(false)
      await expect(page.getByRole('alert')).toBeVisible()
      await ticketOf(page, own).locator('.ticket-done').click()
      await expect(page.locator('.queue-badge')).toBeVisible()
      await check(page, 'offline')
      stage.relay().setOpen(true)
      await expect(page.locator('.queue-badge')).toHaveCount(0, { timeout: 30_000 })
      await page.context().close()
    })
  }

  test(`small and large screens: ${language}`, async ({ browser }) => {
    const sizes = [
      { width: 1024, height: 600, sections: 'section-grill' },
      { width: 1280, height: 800, sections: 'section-grill,section-hot', isLarge: true },
      { width: 1920, height: 1080, isLarge: true, hasAllDay: true },
      { width: 800, height: 1280 },
    ]
    for (const size of sizes) {
      const page = await openView(browser, { language, theme: 'dark', ...size })
      const where = `${size.width} x ${size.height}`
      await expectDirection(page, language)
      await expectNothingClipped(page, where)
      await expectGloves(page, where)
      await expectAccessible(page, where)
      const bar = (await page.locator('.bar').boundingBox())!
      expect(bar.height, `the bar of ${where} is one line`).toBeLessThan(size.width < 1000 ? 150 : 80)
      await page.context().close()
    }
  })

  test(`pages turn to both sides: ${language}`, async ({ browser }) => {
    const page = await openView(browser, { language, theme: 'dark', width: 1024, height: 600 })
    const place = page.locator('[data-pages]')
    const pages = Number(await place.getAttribute('data-pages'))
    expect(pages).toBeGreaterThan(1)
    const inView = (orderId: string) =>
      ticketOf(page, orderId).evaluate((card) => {
        const { left, right } = card.getBoundingClientRect()
        return left >= 0 && right <= innerWidth
      })
    for (let n = 2; n <= pages; n++) {
      await page.getByRole('button', { name: text(language, 'page.next') }).click()
      await expect(place).toHaveAttribute('data-page', String(n))
    }
    await expect(page.getByRole('button', { name: text(language, 'page.next') })).toBeDisabled()
    expect(await inView('DAR-010420')).toBe(true)
    expect(await inView('DAR-010412')).toBe(false)
    for (let n = pages; n > 1; n--) await page.getByRole('button', { name: text(language, 'page.previous') }).click()
    await expect(place).toHaveAttribute('data-page', '1')
    expect(await inView('DAR-010412')).toBe(true)
    await page.context().close()
  })
}

test('a kitchen is dark until somebody chooses otherwise', async ({ page }) => {
  await openKds(page, stage)
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark')
})

/** Pictures of the README: written only when asked for, `MISHKAH_SCREENSHOTS=1 npm run e2e -- kds-look`. */
test('pictures in both directions, light and dark', async ({ browser }) => {
  test.skip(process.env.MISHKAH_SCREENSHOTS !== '1', 'MISHKAH_SCREENSHOTS=1 writes the pictures')
  mkdirSync(PICTURES, { recursive: true })
  for (const language of LANGUAGES) {
    for (const theme of ['light', 'dark'] as const) {
      const page = await openView(browser, { language, theme, sections: 'section-grill' })
      if (language === 'en' && theme === 'light') {
        await ticketOf(page, 'DAR-010412').locator('.ticket-start').click()
        await ticketOf(page, 'DAR-010412').locator('.item').first().click()
        await expect(page.locator('.undo')).toHaveCount(0, { timeout: 20_000 })
      }
      await page.mouse.move(0, 0)
      const path = join(PICTURES, `kds-${language}-${theme}.png`)
      await page.screenshot({ path, animations: 'disabled' })
      expect(statSync(path).size).toBeLessThan(LARGEST_BYTES)
      await page.context().close()
    }
  }
})
