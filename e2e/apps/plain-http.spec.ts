import { expect, type Page, test } from '@playwright/test'
import { expectAccessible, expectNothingClipped } from '../console/support/checks.ts'
import { send } from '../support/http.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

/**
 * A tablet that comes by plain http. A trusted proxy stands in for the air: what the browser says of itself reaches the
 * server as if from the tablet's address.
 */
const PASSWORD = 'the manager of the house'
const PROXY = ['--trust-proxy', '127.0.0.1', '--https-port', '0']
test.use({ extraHTTPHeaders: { 'X-Forwarded-For': '192.168.1.77' } })

let server: TestServer | undefined
test.afterEach(() => server?.stop())

async function look(page: Page, where: string): Promise<void> {
  await expectNothingClipped(page, where)
  await expectAccessible(page, where)
}

for (const [lang, words] of [
  ['en', 'over a secure connection only'],
  ['ar', 'عبر اتصال آمن فقط'],
] as const) {
  test(`a page of a closed branch leads to its https address and to trusting it: ${lang}`, async ({ browser }) => {
    server = await startTestServer({ args: PROXY, env: { MISHKAH_ADMIN_PASSWORD: PASSWORD } })
    const context = await browser.newContext({
      ...{ locale: lang, bypassCSP: true },
      extraHTTPHeaders: { 'X-Forwarded-For': '192.168.1.77' },
    })
    const page = await context.newPage()
    const refusal = page.locator('.refusal')
    // https opens a moment after the start.
    await expect(async () => {
      await page.goto(`${server!.url}/pos/`)
      expect(await refusal.getByRole('link').count()).toBeGreaterThan(0)
    }).toPass()
    expect(new URL(page.url()).pathname).toBe('/trust')
    await expect(page.locator('html')).toHaveAttribute('dir', lang === 'ar' ? 'rtl' : 'ltr')
    await expect(refusal).toContainText(words)
    await expect(refusal.getByRole('link').first()).toHaveAttribute('href', /^https:\/\/.+:\d+\/pos\/$/)
    await look(page, `refused, ${lang}`)
    await context.close()
  })
}

test('a branch that is closed while a till is open by plain http says so on the till', async ({ page }) => {
  server = await startTestServer({ args: [...PROXY, '--host', '0.0.0.0'] })
  await page.goto(`${server.url}/pos/?branch=dar`)
  await expect(page.locator('[data-screen="open-shift"]')).toBeVisible()
  const code = /\b[0-9A-Z]{5}-[0-9A-Z]{5}\b/.exec(server.output())?.[0]
  const made = await send(server.url, '/api/auth/setup', {
    method: 'POST',
    body: { code: code ?? '', password: PASSWORD },
  })
  expect(made.status, made.text).toBe(201)
  await expect(page.locator('[data-access="https-required"]')).toBeVisible()
  await look(page, 'https is required')
  await page.getByRole('link').click()
  await expect(page).toHaveURL(`${server.url}/trust`)
})
