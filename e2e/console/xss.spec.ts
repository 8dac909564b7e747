import { readFileSync } from 'node:fs'
import { expect, test } from '@playwright/test'
import type { JsonObject } from '../../src-shared/json.ts'
import { FORMULAS, XSS_PAYLOADS } from '../support/xss-payloads.ts'
import { enterConsole, prepareClosedStage } from './support/closed-stage.ts'
import { showScreen, text } from './support/console.ts'
import { watch } from './support/xss-watch.ts'

const RECORDS = '/api/branches/dar/modules/pos'
/** As long as the server lets such a name be. */
const LONGEST_NAME = 100
const LONGEST_LABEL = 120
const LONGEST_TEXT = 200
const stage = prepareClosedStage()
const namable = XSS_PAYLOADS.filter((payload) => payload.trim().length <= LONGEST_NAME)

/** A branch has at most 200 roles. */
const labels = joined(LONGEST_LABEL)

test.beforeAll(async () => {
  const { ask, askAsNobody } = stage
  for (const [n, payload] of XSS_PAYLOADS.entries()) {
    await ask('POST', '/api/manage/people', {
      user: `person-${n}`,
      name: payload.slice(0, LONGEST_TEXT),
      role: 'waiter',
    })
    const record = { id: `xss-${String(n).padStart(3, '0')}`, name: payload, notes: payload, email: payload }
    await ask('POST', `${RECORDS}/tables/customer_profiles`, { record })
  }
  for (const [n, label] of namable.entries()) {
    const plan = { role: 'cashier', name: label }
    const { qr } = (await ask('POST', '/api/manage/pairings', plan)) as unknown as { qr: { secret: string } }
    const paired = await askAsNobody('/api/pair', { secret: qr.secret })
    expect(paired.status, paired.text).toBe(200)
    const { device } = paired.body as { device: { id: string } }
    // Every other one is revoked, for a reason that is no better.
    const reason = new URLSearchParams({ reason: label }).toString()
    if (n % 2 === 0) await ask('DELETE', `/api/manage/devices/${device.id}?${reason}`)
  }
  for (const [n, label] of labels.entries()) {
    await ask('PUT', `/api/manage/roles/role-${n}`, { label, permissions: [] })
  }
  for (const name of joined(LONGEST_TEXT).slice(0, 20))
    await ask('POST', `${RECORDS}/snapshots`, { name }).then(taskEnd)
  for (const note of joined(500).slice(0, 2)) await ask('POST', '/api/manage/backups', { note }).then(taskEnd)
  const rule = { prefix: '<img src=x onerror=xss()>', suffix: '"><svg onload=xss()>', start: 1, padding: 3 }
  await ask('PUT', `${RECORDS}/sequences`, { table: 'order_header', field: 'id', rule })
})

/** All payloads in as few texts as fit. */
function joined(limit: number): string[] {
  return XSS_PAYLOADS.reduce<string[]>((texts, payload) => {
    const last = texts.at(-1)
    if (last !== undefined && last.length + payload.length < limit) texts[texts.length - 1] = `${last} ${payload}`
    else texts.push(payload.slice(0, limit))
    return texts
  }, [])
}

async function taskEnd(answer: JsonObject): Promise<void> {
  const { taskId } = (answer as unknown as { task: { taskId: string } }).task
  await expect
    .poll(async () => (await stage.ask('GET', `/api/manage/tasks/${taskId}`)).state, { timeout: 30_000 })
    .toBe('done')
}

test('300 texts that try to be scripts', () => {
  expect(XSS_PAYLOADS.length).toBeGreaterThanOrEqual(300)
  expect(new Set(XSS_PAYLOADS).size).toBe(XSS_PAYLOADS.length)
})

test('the marker is seen when something does run', async ({ page }) => {
  const { found } = await watch(page)
  await page.goto('about:blank')
  await page.setContent('<img src=x onerror=xss()>')
  await expect.poll(found).toContain('a script ran')
})

test('console: names, records, roles, sequences, snapshots, backups and reasons stay texts', async ({ page }) => {
  test.setTimeout(240_000)
  const { found } = await watch(page)
  await enterConsole(page, stage.server(), { language: 'en', details: true })
  await showScreen(page, 'people')
  await expect(page.locator('[data-person]')).toHaveCount(XSS_PAYLOADS.length + 1)
  expect(await found(), 'people').toEqual([])

  await showScreen(page, 'devices')
  await page.locator('.fold-button').last().click()
  await expect(page.locator('[data-device]')).toHaveCount(namable.length)
  expect(await found(), 'devices').toEqual([])

  await showScreen(page, 'roles')
  await expect(page.locator('.role-card')).toHaveCount(labels.length + 7)
  await page.locator('.explain .select-button').first().click()
  await expect(page.getByRole('option').first()).toBeVisible()
  expect(await found(), 'roles').toEqual([])
  await page.keyboard.press('Escape')

  await showScreen(page, 'tables/customer_profiles')
  for (let pages = 1; ; pages++) {
    await expect(page.locator('tbody tr').first()).toBeVisible()
    expect(await found(), `records, page ${pages}`).toEqual([])
    const next = page.getByRole('button', { name: text('en', 'tables.rows.next') })
    if (await next.isDisabled()) break
    await next.click()
    await expect(page.locator('.pager-note')).toContainText(String(pages + 1))
    await expect(page.locator('.is-old')).toHaveCount(0)
  }
  await page.locator('tbody tr').first().click()
  await expect(page.getByRole('dialog')).toBeVisible()
  expect(await found(), 'a record').toEqual([])
  await page.keyboard.press('Escape')

  for (const screen of ['sequences', 'snapshots', 'backups', 'overview', 'purge']) {
    await showScreen(page, screen)
    expect(await found(), screen).toEqual([])
  }

  await showScreen(page, 'audit')
  await page
    .getByRole('button', { name: /^Any Action|Action/ })
    .first()
    .click()
  await page.getByRole('option', { name: text('en', 'action.device.revoke') }).click()
  await expect(page.locator('tbody tr')).toHaveCount(50)
  await expect(page.locator('tbody th').filter({ hasNotText: text('en', 'action.device.revoke') })).toHaveCount(0)
  expect(await found(), 'audit').toEqual([])
})

test('addresses of all pages: what stands in them is no script', async ({ page }) => {
  const { found } = await watch(page)
  const { url } = stage.server()
  const hostile = encodeURIComponent('"><img src=x onerror=xss()>')
  for (const path of [
    `/console/?signInError=${hostile}`,
    `/console/?signInError=javascript:xss()#/tables/${hostile}`,
    `/pos/?branch=${hostile}`,
    `/pos/?branch=dar#pair=${hostile}`,
    `/kds/?branch=${hostile}&section=${hostile}`,
    `/trust?x=${hostile}`,
    `/api/${hostile}`,
    `/${hostile}`,
  ]) {
    await page.goto('about:blank')
    await page.goto(url + path)
    await page.waitForLoadState('networkidle')
    expect(await found(), path).toEqual([])
  }
})

test('the exported audit log is no formula anywhere', async ({ page }) => {
  await enterConsole(page, stage.server(), { language: 'en', screen: 'audit' })
  const started = page.waitForEvent('download')
  await page.getByRole('link', { name: /CSV/ }).click()
  const file = readFileSync(await (await started).path(), 'utf8')
  const cells = [...file.matchAll(/"((?:[^"]|"")*)"/g)].map((match) => match[1]!.replaceAll('""', '"'))
  expect(cells.filter((cell) => /^\s*[=+@-]/.test(cell))).toEqual([])
  const shown = cells.map((cell) => cell.replace(/^'/, ''))
  for (const formula of FORMULAS.filter((one) => namable.indexOf(one) % 2 === 0)) {
    expect(shown, formula).toContain(formula.trim())
  }
})
