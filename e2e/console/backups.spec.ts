import { expect, test } from '@playwright/test'
import { expectAccessible, expectBundledGlyphs, expectNothingClipped } from './support/checks.ts'
import {
  BRANCH,
  confirmTyped,
  enterDevice,
  LANGUAGES,
  openConsole,
  openDialog,
  pattern,
  prepareStage,
  readRecords,
  taskDone,
  text,
} from './support/console.ts'

const stage = prepareStage()
const TABLES = ['order_header', 'order_line', 'order_payment', 'customer_profiles', 'menu_items']

async function readAll(): Promise<Record<string, [string, string][]>> {
  const tables = await Promise.all(TABLES.map(async (table) => [table, await readRecords(stage, table)] as const))
  return Object.fromEntries(tables.map(([table, records]) => [table, [...records].sort()]))
}

for (const language of LANGUAGES) {
  test(`back up, change, restore: the same rows, and the devices see it: ${language}`, async ({ page }) => {
    const server = stage.server()
    const { errors } = await openConsole(page, server, { language, screen: 'backups', details: true })
    if (language === LANGUAGES[0])
      await expect(page.locator('.empty')).toContainText(text(language, 'backups.empty.title'))
    const before = await readAll()
    const count = await page.locator('[data-backup]').count()

    await page.getByRole('textbox', { name: text(language, 'backups.now.note') }).fill('نهاية اليوم')
    await page
      .locator('form')
      .getByRole('button', { name: text(language, 'backups.now.button') })
      .click()
    await taskDone(page, text(language, 'tasks.kind.backup'))
    await expect(page.locator('[data-backup]')).toHaveCount(count + 1)
    const backup = page.locator('[data-backup]').first()
    await expect(backup).toContainText(text(language, 'backups.verified'))
    await expect(backup).toContainText('نهاية اليوم')

    await stage.client.insert('customer_profiles', { id: `after-${language}`, name: 'بعد النسخة' })
    const menuId = (await stage.client.listIds('menu_items'))[0]!
    await stage.client.merge('menu_items', { id: menuId, notes: 'changed after the backup' })
    expect(await readAll()).not.toEqual(before)

    const devices = await Promise.all([enterDevice(server, `c-${language}`), enterDevice(server, `d-${language}`)])
    await backup.getByRole('button', { name: pattern(language, 'backups.restoreOf') }).click()
    await expect(openDialog(page)).toContainText(`${BRANCH} / pos`)
    await expectAccessible(page, 'restore dialog')
    await expectNothingClipped(page, 'restore dialog')
    await confirmTyped(page, text(language, 'backups.restore.button'))
    await taskDone(page, text(language, 'tasks.kind.restore'))

    expect(await readAll()).toEqual(before)
    for (const device of devices) {
      await device.next((frame) => frame.action === 'module:restore' || frame.type === 'server:directive')
    }
    await page
      .getByRole('button', { name: text(language, 'backups.proof.open') })
      .first()
      .click()
    const proof = page.getByTestId('restore-proof')
    await expect(proof).toContainText(`${BRANCH} / pos`)
    await expectAccessible(page, 'proof')
    await expectNothingClipped(page, 'proof')
    await expectBundledGlyphs(page, 'proof')
    await page.keyboard.press('Escape')
    await expect(proof).toHaveCount(0)
    // The console is still at the branch that was restored.
    await expect(page.locator('.select-button').first()).toContainText(
      language === 'ar' ? 'مطعم دار' : 'Dar Restaurant',
    )
    await Promise.all(devices.map((device) => device.close()))
    expect(errors.filter((error) => !error.includes('503'))).toEqual([])
  })
}

test('a result stays until it was read, also after a reload', async ({ page }) => {
  await openConsole(page, stage.server(), { language: 'en', screen: 'snapshots' })
  await page.getByRole('button', { name: text('en', 'snapshots.take.button') }).click()
  await taskDone(page, text('en', 'tasks.kind.snapshot'))
  await page.reload()
  const line = page
    .locator('.drawer .task')
    .filter({ hasText: text('en', 'tasks.kind.snapshot') })
    .first()
  await expect(line).toBeVisible()
  const lines = await page.locator('.drawer .task').count()
  await line.getByRole('button', { name: pattern('en', 'tasks.readOf') }).click()
  await expect(page.locator('.drawer .task')).toHaveCount(lines - 1)
  await page.reload()
  await expect(page.locator('.screen-title')).toBeVisible()
  if (lines > 1) await expect(page.locator('.drawer .task')).toHaveCount(lines - 1)
  else await expect(page.locator('.drawer')).toHaveCount(0)
})

test('a folder that cannot be made says so, with a code to copy', async ({ page }) => {
  await openConsole(page, stage.server(), { language: 'ar', screen: 'backups' })
  await page
    .getByRole('textbox', { name: text('ar', 'backups.now.folder') })
    .fill(`${stage.server().dataDir}/system.db/backups`)
  await page
    .locator('form')
    .getByRole('button', { name: text('ar', 'backups.now.button') })
    .click()
  const note = page.locator('.error-note').first()
  await expect(note).toBeVisible({ timeout: 30_000 })
  await expect(note.getByRole('button', { name: text('ar', 'error.copy') })).toBeVisible()
  await expectAccessible(page, 'failed backup')
})
