import { readFileSync } from 'node:fs'
import { expect, test } from '@playwright/test'
import { expectAccessible, expectNothingClipped } from './support/checks.ts'
import {
  BRANCH,
  confirmTyped,
  LANGUAGES,
  openConsole,
  openDialog,
  pattern,
  prepareStage,
  showScreen,
  taskDone,
  text,
} from './support/console.ts'

const stage = prepareStage()

for (const language of LANGUAGES) {
  test(`overview: state, address, and a picture that lives: ${language}`, async ({ page }) => {
    await openConsole(page, stage.server(), { language })
    await expect(page.locator('.hero')).toHaveAttribute('data-state', 'attention')
    await expect(page.locator('[data-warning="no-backup"]')).toContainText(text(language, 'warning.no-backup'))
    await expect(page.locator('.qr')).toHaveAccessibleName(pattern(language, 'overview.join.qr'))
    await expect(page.getByTestId('sockets')).toHaveText('1')
    await stage.client.insert('customer_profiles', { id: `overview-${language}`, name: 'زائر' })
    await expect(page.locator('.chart-bar, .chart-bar-open').last()).toBeVisible()
    await page.getByRole('button', { name: text(language, 'chart.show') }).click()
    await expect(page.locator('.chart-twin tbody tr')).toHaveCount(await page.locator('.chart-picture rect').count())
    await page.getByRole('link', { name: text(language, 'warning.fix.backups') }).click()
    await expect(page.locator('.page[data-screen="backups"]')).toBeVisible()
  })

  test(`tables: find, page, open a record, see a new one arrive: ${language}`, async ({ page }) => {
    await openConsole(page, stage.server(), { language, screen: 'tables' })
    await page.getByRole('searchbox').fill(language === 'ar' ? 'سطور الطلبات' : 'order LINES')
    await page.locator('[data-table="order_line"]').click()
    await expect(page.locator('tbody tr')).toHaveCount(50)
    const first = await page.locator('tbody tr').first().textContent()
    await page.getByRole('button', { name: text(language, 'tables.rows.next') }).click()
    await expect(page.locator('tbody tr').first()).not.toHaveText(first ?? '')
    await page.getByRole('button', { name: text(language, 'tables.rows.previous') }).click()
    await expect(page.locator('tbody tr').first()).toHaveText(first ?? '')

    await page.locator('tbody tr').first().click()
    await expect(page.getByRole('dialog')).toContainText('"orderId"')
    await expectAccessible(page, 'record')
    await expectNothingClipped(page, 'record')
    await page.keyboard.press('Escape')

    await showScreen(page, 'tables/customer_profiles')
    const name = `زائر جديد ${language}`
    await stage.client.insert('customer_profiles', { id: `live-${language}`, name })
    await expect(page.locator('tbody tr').filter({ hasText: name })).toBeVisible()
    await page.getByRole('searchbox').fill(`live-${language}`)
    await expect(page.locator('tbody tr')).toHaveCount(1)
    await page.getByRole('searchbox').fill('nobody')
    await expect(page.locator('.empty')).toContainText(text(language, 'tables.rows.nothing.title'))
    await page
      .locator('.empty')
      .getByRole('button', { name: text(language, 'common.clear') })
      .click()
    await expect(page.locator('tbody tr').filter({ hasText: name })).toBeVisible()
  })

  test(`snapshots: take, download, restore, delete: ${language}`, async ({ page }) => {
    await openConsole(page, stage.server(), { language, screen: 'snapshots' })
    const name = language === 'ar' ? 'قبل تعديل القائمة' : 'Before the menu change'
    await page.getByRole('textbox', { name: text(language, 'snapshots.take.name') }).fill(name)
    await page.keyboard.press('Enter')
    await taskDone(page, text(language, 'tasks.kind.snapshot'))
    const line = page.locator('[data-snapshot]').filter({ hasText: name })
    await expect(line).toHaveCount(1)

    const started = page.waitForEvent('download')
    await line.getByRole('link', { name: pattern(language, 'snapshots.downloadOf') }).click()
    const file = readFileSync(await (await started).path(), 'utf8')
    expect(file).toContain('order_header')

    const id = `snap-${language}`
    await stage.client.insert('customer_profiles', { id, name: 'بعد اللقطة' })
    await line.getByRole('button', { name: pattern(language, 'snapshots.restoreOf') }).click()
    await confirmTyped(page, text(language, 'snapshots.restore.button'))
    await taskDone(page, text(language, 'tasks.kind.snapshot-restore'))
    expect(await stage.client.find('customer_profiles', id)).toBeUndefined()

    await line.getByRole('button', { name: pattern(language, 'snapshots.deleteOf') }).click()
    await openDialog(page)
      .getByRole('button', { name: text(language, 'snapshots.delete.button') })
      .click()
    await expect(line).toHaveCount(0)
    await expect(page.locator('.toast')).toContainText(name)
  })

  test(`sequences: gaps with reasons, a new rule with preview, skip forward: ${language}`, async ({ page }) => {
    const path = `/api/branches/${BRANCH}/modules/pos/sequences`
    const place = { table: 'order_header', field: 'id' }
    for (let n = 0; n < 3; n++) await stage.client.send('POST', path, place)
    await openConsole(page, stage.server(), { language, screen: 'sequences' })
    const card = page.locator('.card').filter({ has: page.locator('[data-sequence="order_header.id"]') })
    await card.locator('.fold-button').click()
    await expect(card.locator('tbody')).toContainText(text(language, 'gap.reserved'))

    await card.getByRole('button', { name: pattern(language, 'sequences.rule.editOf') }).click()
    const dialog = openDialog(page)
    await dialog
      .getByRole('textbox', { name: text(language, 'sequences.edit.prefix'), exact: true })
      .fill(`N${language}`)
    await expect(dialog.getByTestId('rule-examples')).toContainText(`N${language}-`)
    await expectAccessible(page, 'rule dialog')
    await expectNothingClipped(page, 'rule dialog')
    await dialog.getByRole('textbox', { name: text(language, 'sequences.edit.padding') }).fill('x')
    await expect(dialog.getByRole('button', { name: text(language, 'sequences.edit.button') })).toBeDisabled()
    await dialog.getByRole('textbox', { name: text(language, 'sequences.edit.padding') }).fill('٦')
    await dialog.getByRole('button', { name: text(language, 'sequences.edit.button') }).click()
    await expect(card.locator('.sequence-number')).toContainText(`N${language}-00`)

    const shown = (await card.locator('.sequence-number .code').textContent()) ?? ''
    const number = Number(shown.replace(/\D/g, ''))
    await card.getByRole('button', { name: pattern(language, 'sequences.skipOf') }).click()
    await dialog
      .getByRole('textbox')
      .first()
      .fill(String(number - 1))
    await expect(dialog).toContainText(pattern(language, 'sequences.skip.min'))
    await dialog
      .getByRole('textbox')
      .first()
      .fill(String(number + 10))
    await confirmTyped(page, text(language, 'sequences.skip.button'))
    await expect(card.locator('.sequence-number')).toContainText(String(number + 10))
    await expect(card.locator('tbody')).toContainText(text(language, 'gap.skip'))
  })
}

test('keyboard: screens, palette, sheet, one layer at a time, skip link, rows', async ({ page }) => {
  await openConsole(page, stage.server(), { language: 'en', screen: 'backups' })
  for (const [index, screen] of ['overview', 'tables', 'snapshots', 'purge', 'sequences', 'backups'].entries()) {
    await page.keyboard.press(`Alt+${index + 1}`)
    await expect(page.locator(`.page[data-screen="${screen}"]`)).toBeVisible()
    await expect(page.locator('.screen-title')).toBeFocused()
  }
  await page.keyboard.press('Control+k')
  await page.keyboard.type('paym')
  await expect(page.getByRole('option').first()).toContainText('Payment')
  await expectAccessible(page, 'palette')
  await page.keyboard.press('Alt+1')
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await expect(page.locator('.page[data-screen="backups"]')).toBeVisible()
  await page.keyboard.press('Control+k')
  await page.keyboard.type('order_line')
  await page.keyboard.press('Enter')
  await expect(page.locator('.page[data-screen="tables"] .screen-title')).toBeVisible()
  await expect(page).toHaveURL(/tables\/order_line/)

  await page.locator('tbody tr').first().focus()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('dialog')).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toHaveCount(0)

  await page.keyboard.press('?')
  await expect(page.getByRole('dialog')).toContainText('Ctrl')
  await expectAccessible(page, 'keyboard sheet')
  await page.keyboard.press('Escape')
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur())
})

test('a server that goes and comes back: words, old data with a note, and live again', async ({ page }) => {
  const server = stage.server()
  const { port } = new URL(server.url)
  await openConsole(page, server, { language: 'en', screen: 'tables' })
  await expect(page.locator('.side [data-live="connected"]')).toBeVisible()
  await page.route(`http://127.0.0.1:${port}/api/**`, (route) => route.abort())
  await showScreen(page, 'overview')
  await expect(page.locator('.stale-note')).toBeVisible({ timeout: 20_000 })
  await expect(page.locator('.hero')).toHaveAttribute('data-state', 'unknown')
  await page.unroute(`http://127.0.0.1:${port}/api/**`)
  await expect(page.locator('.hero')).not.toHaveAttribute('data-state', 'unknown', { timeout: 20_000 })
  await server.kill()
  await expect(page.locator('.side [data-live="connected"]')).toHaveCount(0)
  await expect(page.locator('.side [data-live="offline"]')).toBeVisible()
})
