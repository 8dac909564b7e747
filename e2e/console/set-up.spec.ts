import { expect, test } from '@playwright/test'
import { expectAccessible, expectBundledGlyphs, expectNothingClipped } from './support/checks.ts'
import { setUpCode, signIn, withFreshServer } from './support/closed-stage.ts'
import { LANGUAGES, openDialog, text } from './support/console.ts'

const PASSWORD = 'قهوة الصباح 7 coffee'
const NEXT_PASSWORD = 'another long password'

for (const language of LANGUAGES) {
  test(`from open to closed: set-up, kit, sign-out, sign-in, waits, recovery: ${language}`, async ({ page }) => {
    await withFreshServer(async (server) => {
      const chosen = { language, theme: 'light', branchId: 'dar', moduleId: 'pos' }
      await page.addInitScript((value) => {
        if (!localStorage.getItem('mishkah-console')) localStorage.setItem('mishkah-console', value)
        Object.assign(window, { prints: 0 })
        window.print = () => Object.assign(window, { prints: 1 })
      }, JSON.stringify(chosen))
      await page.goto(`${server.url}/console/`)

      await test.step('open: everything works, and the overview says what that means', async () => {
        await expect(page.getByTestId('set-up')).toContainText(text(language, 'setUp.title'))
        await expectNothingClipped(page, 'open overview')
        await expectAccessible(page, 'open overview')
        await page.getByRole('link', { name: text(language, 'nav.people') }).click()
        await page.getByRole('link', { name: text(language, 'setUp.first') }).click()
        await page.getByRole('button', { name: text(language, 'setUp.open') }).click()
      })

      await test.step('a wrong set-up code keeps what was typed', async () => {
        const dialog = openDialog(page)
        await dialog.getByLabel(text(language, 'setUp.code')).fill('AAAA-AAAA')
        await dialog.getByLabel(text(language, 'people.name'), { exact: true }).fill('منى')
        await dialog.getByLabel(text(language, 'people.password'), { exact: true }).fill(PASSWORD)
        await dialog.getByLabel(text(language, 'setUp.again')).fill('something else')
        const button = dialog.getByRole('button', { name: text(language, 'setUp.dialog.button') })
        await expect(dialog).toContainText(text(language, 'setUp.differs'))
        await expect(button).toBeDisabled()
        await dialog.getByLabel(text(language, 'setUp.again')).fill(PASSWORD)
        await button.click()
        await expect(dialog).toContainText(text(language, 'error.sign-in-failed'))
        await expectAccessible(page, 'set-up dialog')
        await expectNothingClipped(page, 'set-up dialog')
        await dialog.getByLabel(text(language, 'setUp.code')).fill(setUpCode(server))
        await button.click()
      })

      const recoveryCode = await test.step('the kit is shown once, and has to be printed', async () => {
        const code = (await page.getByTestId('recovery-code').textContent()) ?? ''
        expect(code.replace(/[^A-Z0-9]/gi, '')).toHaveLength(24)
        await expectAccessible(page, 'recovery kit')
        await expectNothingClipped(page, 'recovery kit')
        await expectBundledGlyphs(page, 'recovery kit')
        const done = page.getByRole('button', { name: text(language, 'kit.done') })
        await expect(done).toBeDisabled()
        await page.getByRole('button', { name: text(language, 'kit.print') }).click()
        expect(await page.evaluate(() => (window as unknown as { prints: number }).prints)).toBe(1)
        await page.getByText(text(language, 'kit.printed')).click()
        await done.click()
        return code
      })

      await test.step('closed: the cookie signs in, and no page can read it', async () => {
        await expect(page.getByTestId('set-up')).toHaveCount(0)
        await expect(page.locator('.side [data-live="connected"]')).toBeVisible()
        expect(await page.evaluate(() => document.cookie)).toBe('')
        await page.getByTestId('account').click()
        await page.getByRole('menuitem', { name: text(language, 'account.sessions') }).click()
        await expect(page.locator('[data-session]')).toHaveCount(1)
        await expectNothingClipped(page, 'own sessions')
        await page.keyboard.press('Escape')
        await page.getByTestId('account').click()
        await page.getByRole('menuitem', { name: text(language, 'account.signOut') }).click()
      })

      await test.step('signed out: a password is asked, and wrong ones cost time', async () => {
        await expect(page.getByRole('heading', { name: text(language, 'signIn.title') })).toBeVisible()
        await expectAccessible(page, 'sign-in')
        await expectNothingClipped(page, 'sign-in')
        await expectBundledGlyphs(page, 'sign-in')
        await page.reload()
        for (let n = 1; n <= 6; n++) {
          const answered = page.waitForResponse((response) => response.url().endsWith('/api/auth/login'))
          await signIn(page, language, 'admin', `wrong ${n}`)
          expect((await answered).status()).toBe(n < 6 ? 401 : 429)
          await expect(page.locator('[data-busy]')).toHaveCount(0)
        }
        await expect(page.getByTestId('lock-wait')).toHaveText(/^0:[0-3]\d$/)
        await expect(page.getByRole('button', { name: text(language, 'signIn.button'), exact: true })).toBeDisabled()
      })

      await test.step('the recovery code gives a new password, and the next code', async () => {
        await page.getByRole('button', { name: text(language, 'signIn.recover') }).click()
        await expectNothingClipped(page, 'recovery')
        await page.getByLabel(text(language, 'signIn.recover.code')).fill(recoveryCode)
        await page.getByLabel(text(language, 'signIn.newPassword')).fill(NEXT_PASSWORD)
        await page.getByRole('button', { name: text(language, 'signIn.recover.button') }).click()
        await expect(page.getByTestId('recovery-code')).not.toHaveText(recoveryCode)
        await page.getByText(text(language, 'kit.printed')).click()
        await page.getByRole('button', { name: text(language, 'kit.done') }).click()
        await expect(page.locator('.hero')).toBeVisible()
      })

      await test.step('the own password is changed', async () => {
        await page.getByTestId('account').click()
        await page.getByRole('menuitem', { name: text(language, 'account.secret') }).click()
        const dialog = openDialog(page)
        await dialog.getByLabel(text(language, 'account.secret.current')).fill(NEXT_PASSWORD)
        await dialog.getByLabel(text(language, 'account.secret.new.password')).fill('short')
        const change = dialog.getByRole('button', { name: text(language, 'account.secret.button'), exact: true })
        await change.click()
        await expect(dialog).toContainText(text(language, 'error.weak-secret'))
        await expectNothingClipped(page, 'change password')
        await dialog.getByLabel(text(language, 'account.secret.new.password')).fill(PASSWORD)
        await change.click()
        await expect(dialog).toHaveCount(0)
        await expect(page.locator('.toast')).toBeVisible()
      })
    })
  })
}
