import { expect, test } from '@playwright/test'
import { expectAccessible, expectBundledGlyphs, expectDirection, expectNothingClipped } from './support/checks.ts'
import { LANGUAGES, openConsole, prepareStage, SCREENS, showScreen, text } from './support/console.ts'

const stage = prepareStage()

for (const language of LANGUAGES) {
  for (const theme of ['light', 'dark'] as const) {
    test(`every screen reads well: ${language}, ${theme}`, async ({ page }) => {
      const { errors } = await openConsole(page, stage.server(), { language, theme, details: true })
      await expect(page.locator('.side [data-live="connected"]')).toBeVisible()
      for (const screen of SCREENS) {
        await test.step(screen, async () => {
          await showScreen(page, screen)
          await expectDirection(page, language)
          await expectNothingClipped(page, screen)
          await expectAccessible(page, screen)
          await expectBundledGlyphs(page, screen)
        })
      }
      expect(errors).toEqual([])
    })
  }

  for (const [width, height] of [
    [1024, 768],
    [800, 1180],
    [360, 740],
  ] as const) {
    test(`nothing breaks at ${width} pixels: ${language}`, async ({ page }) => {
      await page.setViewportSize({ width, height })
      await openConsole(page, stage.server(), { language })
      for (const screen of SCREENS) {
        await showScreen(page, screen)
        await expectNothingClipped(page, screen)
        await expectAccessible(page, screen)
      }
      await page.locator('.page').waitFor()
      const menu = page.getByRole('button', { name: text(language, 'nav.open') })
      await menu.click()
      await page
        .getByRole('dialog')
        .getByRole('link', { name: text(language, 'nav.backups') })
        .click()
      await expect(page.locator('.page[data-screen="backups"]')).toBeVisible()
      await expect(page.getByRole('dialog')).toHaveCount(0)
    })
  }
}

test('Arabic digits, when chosen', async ({ page }) => {
  await openConsole(page, stage.server(), { language: 'ar', digits: 'arabic', screen: 'tables' })
  await expect(page.locator('.screen-sentence')).toHaveText(/[٠-٩]/)
  await expect(page.locator('.table-link-count').first()).not.toHaveText(/[0-9]/)
  await expectBundledGlyphs(page, 'tables in Arabic digits')
})

test('pseudo-locale: every text comes from the catalogue, and longer texts fit', async ({ page }) => {
  await openConsole(page, stage.server(), { language: 'pseudo' })
  for (const screen of SCREENS) {
    await showScreen(page, screen)
    await expectNothingClipped(page, screen)
    const loose = await page.evaluate(() => {
      // Ids, data, numbers and names of tables are no texts of ours.
      const data =
        'select, .code, bdi, time, svg, .nav-key, .table-link-count, .is-number, .soft, kbd, .step-number, .tile-value'
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
      const found: string[] = []
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const words = node.nodeValue?.trim() ?? ''
        const owner = node.parentElement?.closest('p, h1, h2, h3, span, button, a, label, td, th, dt, dd, strong')
        if (!/[A-Za-z]{3}/.test(words) || node.parentElement?.closest(data)) continue
        if (!owner?.textContent?.includes('[')) found.push(words)
      }
      return found
    })
    expect(loose, `texts outside the catalogue on ${screen}`).toEqual([])
  }
})

test('language, theme and screen survive a reload', async ({ page }) => {
  await openConsole(page, stage.server(), { language: 'en', screen: 'sequences' })
  await page.getByRole('button', { name: text('en', 'settings.open') }).click()
  await page.getByRole('menuitemradio', { name: 'العربية' }).click()
  await expectDirection(page, 'ar')
  await page.getByRole('menuitemradio', { name: text('ar', 'settings.theme.dark') }).click()
  await page.keyboard.press('Escape')
  await page.reload()
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark')
  await expect(page.locator('.screen-title')).toHaveText(text('ar', 'sequences.title'))
  await expectDirection(page, 'ar')
})
