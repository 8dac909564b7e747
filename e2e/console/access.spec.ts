import { readFileSync } from 'node:fs'
import { expect, type Page, test } from '@playwright/test'
import { expectAccessible, expectNothingClipped } from './support/checks.ts'
import { ADMIN_PASSWORD, type ClosedStage, enterConsole, prepareClosedStage, signIn } from './support/closed-stage.ts'
import { LANGUAGES, type Language, openDialog, pattern, showScreen, text } from './support/console.ts'

const stage = prepareClosedStage()

for (const language of LANGUAGES) {
  test(`devices: a code, a tablet that waits, let in, renamed, revoked: ${language}`, async ({ page }) => {
    await enterConsole(page, stage.server(), { language, screen: 'devices' })
    const name = language === 'ar' ? 'صندوق الباب' : 'Till at the door'
    const code = await inviteTablet(page, language)
    const typed = await stage.askAsNobody('/api/pair', { code, name })
    expect(typed.status, typed.text).toBe(202)
    const { claim } = typed.body as { claim: string }

    const dialog = page.locator('.modal').getByRole('dialog')
    await expect(dialog.locator('[data-pairing-state="waiting"]')).toContainText(name)
    await expectAccessible(page, 'a tablet waits')
    await expectNothingClipped(page, 'a tablet waits')
    await dialog.getByRole('button', { name: pattern(language, 'devices.approveOf') }).click()
    await expect(dialog.locator('[data-pairing-state="approved"]')).toBeVisible()
    const collected = await stage.askAsNobody('/api/pair/collect', { claim })
    expect(collected.status, collected.text).toBe(200)
    const { accessToken } = collected.body as { accessToken: string }
    await expect(dialog.locator('[data-pairing-state="paired"]')).toContainText(name)
    await dialog
      .getByRole('button', { name: text(language, 'common.close') })
      .last()
      .click()

    const line = page.locator('[data-device]').filter({ hasText: name })
    await expect(line).toContainText(text(language, 'devices.state.running'))
    await line.getByRole('button', { name: pattern(language, 'devices.editOf') }).click()
    await openDialog(page).getByLabel(text(language, 'devices.name')).fill(`${name} 2`)
    await openDialog(page)
      .getByRole('button', { name: text(language, 'common.save') })
      .click()
    const renamed = page.locator('[data-device]').filter({ hasText: `${name} 2` })
    await expect(renamed).toHaveCount(1)

    expect(await statusFor(accessToken)).toBe(200)
    await renamed.getByRole('button', { name: pattern(language, 'devices.revokeOf') }).click()
    await expect(openDialog(page)).toContainText(`${name} 2`)
    await expectAccessible(page, 'revoke')
    await expectNothingClipped(page, 'revoke')
    await openDialog(page).getByLabel(text(language, 'common.reason')).fill('ضاع')
    await openDialog(page)
      .getByRole('button', { name: text(language, 'devices.revoke.button') })
      .click()
    await expect(renamed.getByRole('button')).toHaveCount(0)
    expect(await statusFor(accessToken)).toBe(401)
    await page.locator('.fold-button').click()
    await expect(page.locator('[data-device]').filter({ hasText: 'ضاع' }).first()).toBeVisible()
  })

  test(`devices: a tablet that nobody knows is turned away: ${language}`, async ({ page }) => {
    await enterConsole(page, stage.server(), { language, screen: 'devices' })
    const code = await inviteTablet(page, language)
    const typed = await stage.askAsNobody('/api/pair', { code, name: 'Stranger' })
    await page.keyboard.press('Escape')
    const waiting = page.locator('.waiting [data-pairing]')
    await expect(waiting).toContainText('Stranger')
    await waiting.getByRole('button', { name: pattern(language, 'devices.denyOf') }).click()
    await expect(page.locator('.waiting')).toHaveCount(0)
    const collected = await stage.askAsNobody('/api/pair/collect', { claim: (typed.body as { claim: string }).claim })
    expect(collected.status).toBe(403)
  })

  test(`people: added, changed, locked and unlocked, deactivated, removed: ${language}`, async ({ page, browser }) => {
    await enterConsole(page, stage.server(), { language, screen: 'people' })
    const user = `sara-${language}`
    await page.getByRole('button', { name: text(language, 'people.add'), exact: true }).click()
    const dialog = openDialog(page)
    const add = dialog.getByRole('button', { name: text(language, 'people.add.button'), exact: true })
    await expect(add).toBeDisabled()
    await dialog.getByLabel(text(language, 'people.name'), { exact: true }).fill('سارة')
    await dialog.getByLabel(text(language, 'people.user'), { exact: true }).fill(user)
    await dialog.getByLabel(text(language, 'people.pin'), { exact: true }).fill('١٢٣٤')
    await add.click()
    await expect(dialog).toContainText(text(language, 'error.weak-secret'))
    await expectAccessible(page, 'add a person')
    await expectNothingClipped(page, 'add a person')
    await dialog.getByLabel(text(language, 'people.pin'), { exact: true }).fill('٥٧١٢')
    await dialog.getByLabel(text(language, 'people.password'), { exact: true }).fill(ADMIN_PASSWORD)
    await add.click()
    const line = page.locator(`[data-person="${user}"]`)
    await expect(line).toContainText(text(language, 'role.cashier'))

    await line.getByRole('button', { name: pattern(language, 'people.editOf') }).click()
    await dialog.getByRole('button', { name: pattern(language, 'people.role') }).click()
    await page.getByRole('option', { name: text(language, 'role.manager') }).click()
    await dialog.getByRole('button', { name: text(language, 'common.save') }).click()
    await expect(line).toContainText(text(language, 'role.manager'))

    for (let n = 0; n < 5; n++) await stage.askAsNobody('/api/auth/login', { user, password: `wrong ${n}` })
    await expect(line).toContainText(text(language, 'people.locked'))
    await line.getByRole('button', { name: pattern(language, 'people.unlockOf') }).click()
    await expect(line.getByText(text(language, 'people.locked'))).toHaveCount(0)

    const other = await browser.newContext()
    const view = await other.newPage()
    await enterConsole(view, stage.server(), { language, user })
    await page.reload()
    await page
      .locator('.line[data-session]')
      .filter({ hasText: 'سارة' })
      .getByRole('button', { name: pattern(language, 'sessions.endOf') })
      .first()
      .click()
    await expect(view.getByRole('heading', { name: text(language, 'signIn.title') })).toBeVisible()

    await line.getByRole('button', { name: pattern(language, 'people.resetOf') }).click()
    await dialog.getByLabel(text(language, 'people.pin'), { exact: true }).fill('8261')
    await dialog.getByRole('button', { name: text(language, 'people.reset.button'), exact: true }).click()
    await expect(dialog).toHaveCount(0)

    await line.getByRole('button', { name: pattern(language, 'people.disableOf') }).click()
    await dialog.getByRole('button', { name: text(language, 'people.disable'), exact: true }).click()
    await expect(line).toContainText(text(language, 'people.disabled'))
    await signIn(view, language, user, ADMIN_PASSWORD)
    await expect(view.locator('.error-note')).toBeVisible()
    await other.close()

    await line.getByRole('button', { name: pattern(language, 'people.removeOf') }).click()
    await dialog.getByRole('button', { name: text(language, 'people.remove.button'), exact: true }).click()
    await expect(line).toHaveCount(0)
  })

  test(`roles: made, explained, removed: ${language}`, async ({ page }) => {
    await enterConsole(page, stage.server(), { language, screen: 'roles' })
    await expect(page.locator('[data-role="admin"]')).toContainText(text(language, 'permission.everything'))
    const roleId = `lead-${language}`
    await page.getByRole('button', { name: text(language, 'roles.add'), exact: true }).click()
    const dialog = openDialog(page)
    await dialog.getByLabel(text(language, 'roles.label')).fill('رئيس الوردية')
    await dialog.getByLabel(text(language, 'roles.id')).fill(roleId)
    await dialog.getByRole('checkbox').first().click({ force: true })
    await dialog.getByLabel(text(language, 'roles.others')).fill('update:order_line nonsense')
    await dialog.getByRole('button', { name: text(language, 'common.save') }).click()
    await expect(dialog).toContainText(text(language, 'error.invalid-policy'))
    await expectAccessible(page, 'role dialog')
    await expectNothingClipped(page, 'role dialog')
    await dialog.getByLabel(text(language, 'roles.others')).fill('update:order_line')
    await dialog.getByRole('button', { name: text(language, 'common.save') }).click()
    await expect(page.locator(`[data-role="${roleId}"]`)).toBeVisible()

    const explain = page.locator('.explain')
    const button = explain.getByRole('button', { name: text(language, 'explain.button') })
    await button.click()
    await expect(explain.locator('.verdict')).toHaveAttribute('data-allowed', 'true')
    await explain.getByRole('button', { name: pattern(language, 'explain.who') }).click()
    await page
      .getByRole('option')
      .filter({ hasText: text(language, 'role.display') })
      .click()
    await explain.getByLabel(text(language, 'explain.record')).fill('[1]')
    await expect(explain).toContainText(text(language, 'explain.notJson'))
    await explain.getByLabel(text(language, 'explain.record')).fill('{"id": "o-1", "statusId": "closed"}')
    await button.click()
    await expect(explain.locator('.verdict')).toHaveAttribute('data-allowed', 'false')
    await expect(explain.locator('.verdict')).toContainText('update:order_header')
    await expectAccessible(page, 'explained')
    await expectNothingClipped(page, 'explained')

    const card = page.locator('.role-card').filter({ has: page.locator(`[data-role="${roleId}"]`) })
    await card.getByRole('button', { name: pattern(language, 'roles.removeOf') }).click()
    await dialog.getByRole('button', { name: text(language, 'roles.remove.button'), exact: true }).click()
    await expect(page.locator(`[data-role="${roleId}"]`)).toHaveCount(0)
  })

  test(`audit: filtered, verified, exported; live requests: ${language}`, async ({ page }) => {
    await stage.askAsNobody('/api/auth/login', { user: 'admin', password: `wrong ${language}` })
    await enterConsole(page, stage.server(), { language, screen: 'audit' })
    await page.getByRole('button', { name: pattern(language, 'audit.filter.action') }).click()
    await page.getByRole('option', { name: text(language, 'action.person.sign-in') }).click()
    await expect(page.locator('[data-outcome="denied"]').first()).toContainText(text(language, 'action.person.sign-in'))
    await expect(page.locator('tbody tr')).not.toHaveCount(0)
    await page.getByLabel(text(language, 'audit.filter.from')).fill('2099-01-01T00:00')
    await expect(page.locator('.empty')).toContainText(text(language, 'audit.empty.title'))
    await page.getByRole('button', { name: text(language, 'common.clear') }).click()
    await expect(page.locator('tbody tr')).not.toHaveCount(0)

    await page.getByRole('button', { name: text(language, 'audit.verify') }).click()
    await expect(page.getByTestId('audit-verified')).toContainText(/[0-9a-f]{64}/)
    const started = page.waitForEvent('download')
    await page.getByRole('link', { name: /CSV/ }).click()
    const file = readFileSync(await (await started).path(), 'utf8')
    expect(file.split('\r\n')[0]).toContain('action')
    expect(file).toContain('person.sign-in')

    await page.getByRole('tab', { name: text(language, 'audit.tab.live') }).click()
    const refused = await stage.askAsNobody('/api/branches/dar/modules/pos/tables/customer_profiles', {})
    expect(refused.status).toBe(401)
    const denied = page.locator('[data-allowed="false"]')
    await expect(denied.first()).toContainText('401')
    await page.getByRole('button', { name: pattern(language, 'live.requests.outcome') }).click()
    await page.getByRole('option', { name: text(language, 'live.requests.denied') }).click()
    await expect(page.locator('[data-allowed="true"]')).toHaveCount(0)
    await page.getByRole('searchbox').fill('customer_profiles')
    await expect(denied.first()).toBeVisible()
    await page.getByRole('button', { name: text(language, 'live.requests.pause') }).click()
    await expect(page.getByRole('button', { name: text(language, 'live.requests.go') })).toBeVisible()
    await expectAccessible(page, 'live requests')
    await expectNothingClipped(page, 'live requests')
  })

  test(`network: the check names each step: ${language}`, async ({ page }) => {
    await enterConsole(page, stage.server(), { language })
    await page.getByRole('button', { name: text(language, 'network.check') }).click()
    await expect(page.locator('[data-step]')).toHaveCount(6)
    await expect(page.locator('.network-steps')).toHaveAttribute('data-reachable', 'false')
    await expect(page.locator('[data-step="listen"]')).toContainText(text(language, 'network.result.failed'))
    await page.getByText(text(language, 'network.signed'), { exact: true }).click()
    await expect(page.locator('[data-warning="signed-http"]')).toContainText(text(language, 'warning.signed-http'))
    await page.getByText(text(language, 'network.signed'), { exact: true }).click()
    await expect(page.locator('[data-warning="signed-http"]')).toHaveCount(0)
  })
}

test('what a role may not use is not shown', async ({ page }) => {
  const permissions = ['read:*', 'manage:status', 'manage:devices']
  await stage.ask('PUT', '/api/manage/roles/floor', { label: 'Floor', permissions })
  for (const [user, role] of [
    ['floor', 'floor'],
    ['waiter', 'waiter'],
  ] as const) {
    await stage.ask('POST', '/api/manage/people', { user, role, password: ADMIN_PASSWORD })
  }
  await enterConsole(page, stage.server(), { language: 'en', user: 'floor', screen: 'people' })
  await expect(page.locator('.page[data-screen="overview"]')).toBeVisible()
  await expect(page.locator('.nav-link')).toHaveCount(3)
  await expect(page.locator('.network')).toHaveCount(0)
  await page.keyboard.press('Alt+8')
  await expect(page.locator('.page[data-screen="overview"]')).toBeVisible()
  await page.keyboard.press('Alt+7')
  await expect(page.locator('.page[data-screen="devices"]')).toBeVisible()
  await page.getByTestId('account').click()
  await page.getByRole('menuitem', { name: text('en', 'account.signOut') }).click()
  await signIn(page, 'en', 'waiter', ADMIN_PASSWORD)
  await expect(page.getByRole('heading', { name: text('en', 'signIn.noScreens.title') })).toBeVisible()
  await expectAccessible(page, 'no screens')
  await page.getByRole('button', { name: text('en', 'account.signOut') }).click()
  await expect(page.getByRole('heading', { name: text('en', 'signIn.title') })).toBeVisible()
})

/** Makes a code in the dialog. @returns Its eight digits. */
async function inviteTablet(page: Page, language: Language): Promise<string> {
  await showScreen(page, 'devices')
  await page.getByRole('button', { name: text(language, 'devices.add'), exact: true }).click()
  await page.getByRole('button', { name: text(language, 'devices.add.button') }).click()
  await expect(page.getByTestId('pairing-left')).toHaveText(/^(10:00|9:\d\d)$/)
  await expect(page.locator('.qr')).toHaveAccessibleName(text(language, 'devices.add.qr'))
  const code = ((await page.getByTestId('pairing-code').textContent()) ?? '').replace(/\s/g, '')
  expect(code).toMatch(/^\d{8}$/)
  return code
}

function statusFor(token: string, { server }: ClosedStage = stage): Promise<number> {
  const path = '/api/branches/dar/modules/pos/tables/order_header?limit=1'
  return fetch(server().url + path, { headers: { authorization: `Bearer ${token}` } }).then(({ status }) => status)
}
