import { expect, type Page, test } from '@playwright/test'
import { expectAccessible, expectBundledGlyphs, expectDirection, expectNothingClipped } from './support/checks.ts'
import { ADMIN_PASSWORD, enterConsole, prepareClosedStage } from './support/closed-stage.ts'
import { LANGUAGES, showScreen, text } from './support/console.ts'

const stage = prepareClosedStage()
const SCREENS = ['overview', 'devices', 'people', 'roles', 'audit'] as const

test.beforeAll(async () => {
  const { ask, askAsNobody } = stage
  for (const [user, name, role] of [
    ['mona', 'منى السيد', 'manager'],
    ['karim', 'Karim', 'waiter'],
  ] as const) {
    await ask('POST', '/api/manage/people', { user, name, role, branches: ['dar'], password: ADMIN_PASSWORD })
  }
  await ask('PUT', '/api/manage/roles/shift-lead', { label: 'رئيس الوردية', permissions: ['read:*', 'write:orders'] })
  for (const [name, role, isLegacy] of [
    ['صندوق الباب', 'cashier', false],
    ['Kitchen screen', 'kitchen', true],
  ] as const) {
    const { qr } = (await ask('POST', '/api/manage/pairings', { role, name, isLegacy })) as { qr: { secret: string } }
    expect((await askAsNobody('/api/pair', { secret: qr.secret })).status).toBe(200)
  }
  const { code } = (await ask('POST', '/api/manage/pairings', { role: 'waiter' })) as { code: string }
  expect((await askAsNobody('/api/pair', { code, name: 'تابلت النادل' })).status).toBe(202)
  await askAsNobody('/api/auth/login', { user: 'karim', password: 'wrong' })
})

async function readsWell(page: Page, where: string): Promise<void> {
  await expectNothingClipped(page, where)
  await expectAccessible(page, where)
}

for (const language of LANGUAGES) {
  for (const theme of ['light', 'dark'] as const) {
    test(`the screens of a closed branch read well: ${language}, ${theme}`, async ({ page }) => {
      const errors = await enterConsole(page, stage.server(), { language, theme, details: true })
      for (const screen of SCREENS) {
        await test.step(screen, async () => {
          await showScreen(page, screen)
          await expectDirection(page, language)
          await readsWell(page, screen)
          await expectBundledGlyphs(page, screen)
        })
      }
      await page.getByRole('tab', { name: text(language, 'audit.tab.live') }).click()
      await expect(page.locator('[data-allowed]').first()).toBeVisible()
      await expectBundledGlyphs(page, 'live requests')
      expect(errors).toEqual([])
    })
  }

  test(`the screens of a closed branch fit any width: ${language}`, async ({ page }) => {
    await enterConsole(page, stage.server(), { language })
    for (const [width, height] of [
      [1024, 768],
      [800, 1180],
      [360, 740],
    ] as const) {
      await page.setViewportSize({ width, height })
      for (const screen of SCREENS) {
        await showScreen(page, screen)
        await readsWell(page, `${screen} at ${width}`)
      }
    }
  })
}

test('pseudo-locale: longer texts fit', async ({ page }) => {
  await enterConsole(page, stage.server(), { language: 'pseudo' })
  for (const screen of SCREENS) {
    await showScreen(page, screen)
    await expectNothingClipped(page, screen)
  }
})
