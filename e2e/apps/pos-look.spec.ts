import { expect, type Page, test } from '@playwright/test'
import { expectAccessible, expectBundledGlyphs, expectNothingClipped } from '../console/support/checks.ts'
import { LANGUAGES, type Language, preparePosStage, TillPage } from './pos-stage.ts'

const stage = preparePosStage()
const SIZES = [
  { width: 1280, height: 800 },
  { width: 800, height: 1280 },
]
/** A finger needs this much, in either direction. */
const SMALLEST_TARGET = 44

for (const language of LANGUAGES) {
  for (const theme of ['light', 'dark'] as const) {
    for (const viewport of SIZES) {
      const name = `${language}, ${theme}, ${viewport.width} px`
      test(`every screen: nothing clipped, one direction, reachable for everybody: ${name}`, async ({ browser }) => {
        const page = await browser.newPage({ viewport, reducedMotion: 'reduce' })
        await walk(page, { language, theme }, async (screen) => {
          const where = `${screen}, ${name}`
          await page.evaluate(() => document.fonts.ready)
          await expectNothingClipped(page, where)
          await expectTargets(page, where)
          await expectDirection(page, language)
          // Colours and glyphs differ by look and language, not by size; looking at them takes seconds.
          if (viewport.width > 1000) await expectAccessible(page, where)
          if (viewport.width > 1000 && theme === 'light') await expectBundledGlyphs(page, where)
        })
        await page.close()
      })
    }
  }
}

/** Goes through the app as a cashier does and stops at every screen. */
async function walk(
  page: Page,
  chosen: { language: 'en' | 'ar'; theme: 'light' | 'dark' },
  look: (name: string) => Promise<void>,
): Promise<void> {
  const till = await TillPage.open(page, stage, chosen)
  await look('opening')
  await till.openShift({ till: 'pos-1' })
  await look('empty order')
  await till.kind('dine_in')
  await till.add('cat-family', ...(await itemsOf(page, 'cat-family')))
  await till.add('cat-grills', 'item-kofta-plate', 'item-mixed-grill')
  await till.describeLine('item-mixed-grill', [61, 62, 1, 2], 'واحد well done, the other بدون ملح')
  await look('order')
  await page.locator('.cart-whom .button').first().click()
  await look('tables')
  await page.locator('[data-table][data-state="free"]').first().click()
  await expect(page.locator('[data-screen="sell"]')).toBeVisible()
  await till.line('item-mixed-grill').locator('.line-main').click()
  await till.line('item-mixed-grill').getByTestId('edit-line').click()
  await look('options of a line')
  await page.keyboard.press('Escape')
  await page.getByTestId('order-extras').click()
  await till.dialog('extras').locator('.discount-value input').fill('99')
  await look('discount')
  await page.keyboard.press('Escape')
  await page.getByTestId('send').click()
  await till.kind('delivery')
  await page.getByTestId('customer').click()
  await look('customers')
  await page.getByTestId('new-customer').click()
  await look('new customer')
  await till
    .dialog('customer')
    .locator('input[name="name"]')
    .fill(chosen.language === 'ar' ? 'ضيف جديد' : 'New guest')
  await till.dialog('customer').locator('input[name="phone"]').fill('+20 100 000 0999')
  await till.dialog('customer').locator('form .button-primary').click()
  await till.add('cat-seafood', ...(await itemsOf(page, 'cat-seafood')))
  await till.pay()
  await till.take('cash', '100')
  await till.dialog('pay').locator('[data-method="card"]').click()
  await look('payment')
  await till.take('card', undefined, '4711')
  await till.receiptNumber()
  await look('receipt')
  await till.nextOrder()
  await till.show('orders')
  await look('orders')
  await page.locator('.order').first().getByTestId('open-order').click()
  await look('order of the kitchen')
  stage.relay().setOpen(false)
  await expect(page.locator('[data-link="away"]')).toBeVisible()
  await till.add('cat-soups', ...(await itemsOf(page, 'cat-soups')))
  await page.getByTestId('send').click()
  await expect(page.locator('.queue-badge')).toBeVisible()
  await look('server away')
  await page.locator('.queue-badge').click()
  await look('what waits')
  await page.keyboard.press('Escape')
  await page.getByTestId('shift').click()
  await look('shift')
  await page.getByTestId('close-shift').click()
  await till.dialog('close-shift').locator('[data-count="cash"] input').fill('12345.50')
  await page.getByTestId('confirm-close').click()
  await look('end of the shift')
  await page.keyboard.press('Escape')
  stage.relay().setOpen(true)
  await expect(page.locator('.queue-badge')).toHaveCount(0, { timeout: 60_000 })
  await page.locator('.top .icon-button').last().click()
  await look('settings')
  await page.keyboard.press('Escape')
  expect(till.errors).toEqual([])
}

/** Long names are what breaks a layout: all items of the category. */
async function itemsOf(page: Page, categoryId: string): Promise<string[]> {
  await page.locator(`[data-category="${categoryId}"]`).click()
  const ids = await page
    .locator('[data-item]')
    .evaluateAll((tiles) => tiles.map((tile) => tile.getAttribute('data-item')!))
  return ids.slice(0, 3)
}

/** The menu is at the start of the line, the order at its end, and every text runs as its language does. */
async function expectDirection(page: Page, language: Language): Promise<void> {
  await expect(page.locator('html')).toHaveAttribute('lang', language)
  await expect(page.locator('html')).toHaveAttribute('dir', language === 'ar' ? 'rtl' : 'ltr')
  const places = await page.evaluate(() =>
    ['.rail', '.grid', '.cart'].map((name) => document.querySelector(name)?.getBoundingClientRect().x),
  )
  const [rail, grid, cart] = places
  if (rail === undefined || grid === undefined || cart === undefined) return
  expect(rail < grid, 'the categories are at the start of the line').toBe(language === 'en')
  // Upright the order lies below.
  const isBeside = (page.viewportSize()?.width ?? 0) > 1000
  if (isBeside) expect(grid < cart, 'the order is at the end of the line').toBe(language === 'en')
}

async function expectTargets(page: Page, where: string): Promise<void> {
  const small = await page.evaluate((smallest) => {
    const top = document.querySelector('dialog[open]') ?? document.body
    return [...top.querySelectorAll<HTMLElement>('button, input, textarea')]
      .filter((element) => element.checkVisibility() && !element.closest('.amount-line, .visually-hidden'))
      .map((element) => ({ element, box: element.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 0 && (box.width < smallest - 0.5 || box.height < smallest - 0.5))
      .map(({ element, box }) => `${element.className}: ${Math.round(box.width)}x${Math.round(box.height)}`)
  }, SMALLEST_TARGET)
  expect(small, `small targets on ${where}`).toEqual([])
}
