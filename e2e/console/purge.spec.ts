import { expect, test } from '@playwright/test'
import { expectAccessible, expectNothingClipped } from './support/checks.ts'
import {
  closeShifts,
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

for (const language of LANGUAGES) {
  test(`purge and undo, with two devices connected: ${language}`, async ({ page }) => {
    const server = stage.server()
    const devices = await Promise.all([enterDevice(server, `a-${language}`), enterDevice(server, `b-${language}`)])
    const { errors } = await openConsole(page, server, { language, screen: 'purge' })
    const purgeButton = page.locator('.preview > .button')
    if (language === LANGUAGES[0]) {
      await expect(page.locator('.blocked')).toContainText(text(language, 'error.shift-open'))
      await expect(purgeButton).toBeDisabled()
      await closeShifts(stage)
    }
    await expect(purgeButton).toBeEnabled()
    await expect(page.locator('.blocked')).toHaveCount(0)
    const before = await readRecords(stage, 'order_line')
    expect(before.size).toBeGreaterThan(20)

    await page.getByRole('textbox', { name: text(language, 'purge.reason') }).fill('يوم تدريب')
    await purgeButton.click()
    await expectAccessible(page, 'purge dialog')
    await expectNothingClipped(page, 'purge dialog')
    await confirmTyped(page, text(language, 'purge.confirm.button'))
    await taskDone(page, text(language, 'tasks.kind.purge'))
    expect(await stage.client.listIds('order_line')).toEqual([])
    for (const device of devices) await device.next((frame) => frame.action === 'module:purge')

    const entry = page.locator('[data-entry]').first()
    await expect(entry).toContainText('يوم تدريب')
    await entry.getByRole('button', { name: pattern(language, 'purge.undoOf') }).click()
    await openDialog(page)
      .getByRole('button', { name: text(language, 'purge.undo.button') })
      .click()
    await taskDone(page, text(language, 'tasks.kind.purge-restore'))
    await expect(entry.getByRole('button')).toHaveCount(0)
    await expect(entry).toContainText(pattern(language, 'purge.history.restored'))
    expect([...(await readRecords(stage, 'order_line')).keys()].sort()).toEqual([...before.keys()].sort())
    expect(devices.every((device) => device.isOpen())).toBe(true)
    await Promise.all(devices.map((device) => device.close()))
    expect(errors).toEqual([])
  })
}

test('nothing chosen, nothing to purge, and master data behind a warning', async ({ page }) => {
  await openConsole(page, stage.server(), { language: 'en', screen: 'purge' })
  await page
    .getByRole('button', { name: text('en', 'purge.nothing') })
    .first()
    .click()
  await expect(page.locator('.preview')).toContainText(text('en', 'purge.preview.none'))
  await page.getByText('Audit events').click()
  await expect(page.getByTestId('purge-total')).toHaveText(text('en', 'purge.preview.empty'))
  await page.getByRole('button', { name: text('en', 'purge.master') }).click()
  await expect(page.getByText(text('en', 'purge.master.warning'))).toBeVisible()
})
