import { expect, test } from '@playwright/test'
import { openKds, prepareKdsStage, Till } from '../apps/kds-stage.ts'
import { XSS_PAYLOADS } from '../support/xss-payloads.ts'
import { watch } from './support/xss-watch.ts'

const ORDERS = 8
const stage = prepareKdsStage()
const items: string[] = []

test.beforeAll(async () => {
  const { client } = stage
  const menu = (await client.list('menu_items')).filter(({ kitchenSectionId }) => kitchenSectionId !== null)
  // Every payload stands in the name of an item: several in one where there are fewer items.
  const each = Math.ceil(XSS_PAYLOADS.length / menu.length)
  for (const [n, item] of menu.entries()) {
    const name = XSS_PAYLOADS.slice(n * each, (n + 1) * each).join(' ')
    if (name === '') break
    items.push(String(item.id))
    const answer = await client.merge('menu_items', {
      ...{ id: item.id!, nameAr: name, nameEn: name },
      ...(typeof item.version === 'number' && { version: item.version }),
    })
    expect(answer.status, answer.text).toBe(200)
  }
  const till = await Till.open(stage)
  const share = Math.ceil(XSS_PAYLOADS.length / ORDERS)
  for (let n = 0; n < ORDERS; n++) {
    const own = XSS_PAYLOADS.slice(n * share, (n + 1) * share)
    await till.send({
      ...{ id: `XSS-${n}`, orderTypeId: 'takeaway', customerName: own.at(-1)!, tableLabel: own[0]!, notes: [own[1]!] },
      lines: own.map((note, place) => ({ itemId: items[(n * share + place) % items.length]!, note })),
    })
  }
  await till.close()
})

test('kitchen screen: names of items, notes of lines and guests stay texts', async ({ page }) => {
  const { found } = await watch(page)
  await openKds(page, stage)
  await expect(page.locator('.ticket').first()).toBeVisible()
  await expect(page.locator('.ticket').first()).toContainText('xss()')
  expect(await found(), 'tickets').toEqual([])
})

test('till: names of items in every category stay texts', async ({ page }) => {
  const { found } = await watch(page)
  await page.goto(`${stage.relay().url}/pos/?branch=dar`)
  await page.locator('[data-terminal]').first().click()
  await page.locator('[data-cashier]').first().click()
  await page.getByTestId('open-shift').click()
  await expect(page.locator('[data-screen="sell"]')).toBeVisible()
  const categories = await page.locator('[data-category]').all()
  expect(categories.length).toBeGreaterThan(3)
  let shown = 0
  for (const category of categories) {
    await category.click()
    await expect(page.locator('[data-item]').first()).toBeVisible()
    shown += await page.locator('[data-item]').filter({ hasText: 'xss()' }).count()
    expect(await found(), 'menu').toEqual([])
  }
  expect(shown).toBeGreaterThan(items.length / 2)
  await page.locator('[data-item]').first().click()
  expect(await found(), 'cart').toEqual([])
})
