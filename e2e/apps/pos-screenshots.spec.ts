import { mkdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from '@playwright/test'
import { LANGUAGES, preparePosStage, TillPage } from './pos-stage.ts'

/** Pictures of docs/apps.md: written only when asked for, `MISHKAH_SCREENSHOTS=1 npm run e2e -- pos-screenshots`. */
const FOLDER = resolve(import.meta.dirname, '../../docs/screenshots')
const LARGEST_BYTES = 200 * 1024

test.skip(process.env.MISHKAH_SCREENSHOTS !== '1', 'MISHKAH_SCREENSHOTS=1 writes the pictures')
const stage = preparePosStage()

test('pictures in both languages, light and dark', async ({ browser }) => {
  mkdirSync(FOLDER, { recursive: true })
  for (const language of LANGUAGES) {
    for (const theme of ['light', 'dark'] as const) {
      const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' })
      const till = await TillPage.open(page, stage, { language, theme })
      await till.openShift()
      await till.show('tables')
      await page.locator('[data-table][data-state="free"]').nth(4).click()
      await till.add('cat-grills', 'item-mixed-grill', 'item-kofta-plate', 'item-kofta-plate')
      await till.describeLine('item-mixed-grill', [61, 1], language === 'ar' ? 'الصوص على جنب' : 'sauce beside it')
      await till.add('cat-hot-drinks', 'item-turkish-coffee')
      await page.locator('[data-category="cat-grills"]').click()
      await page.mouse.move(0, 0)
      const path = join(FOLDER, `pos-${language}-${theme}.png`)
      await page.evaluate(() => document.fonts.ready)
      await page.screenshot({ path, animations: 'disabled' })
      expect(statSync(path).size).toBeLessThan(LARGEST_BYTES)
      // The next picture has a table that is taken.
      await page.getByTestId('send').click()
      await expect(page.locator('.cart-empty')).toBeVisible()
      await page.close()
    }
  }
})
