import { expect, type Page, test } from '@playwright/test'
import { childrenOf, LANGUAGES, orderByNumber, preparePosStage, TillPage, text } from './pos-stage.ts'

/** Tablets of 10 inches. */
test.use({ viewport: { width: 1280, height: 800 } })

const stage = preparePosStage()

for (const language of LANGUAGES) {
  test(`a sale: shift, three items with modifiers, cash and card, a receipt with its number: ${language}`, async ({
    page,
  }) => {
    // The branch wants to know how sweet: one of the options must be chosen.
    for (const modifierId of [64, 65]) {
      const link = { itemId: 'item-tea', modifierId, isRequired: true, maxQuantity: 1 }
      expect(
        (await stage.client.send('PUT', 'save', { table: 'menu_item_modifier', record: link })).status,
      ).toBeLessThan(300)
    }
    const till = await TillPage.open(page, stage, { language })
    const terminal = language === 'en' ? 'pos-1' : 'pos-2'
    await till.openShift({ till: terminal, cashier: 'emp-cashier-2' })

    await till.add('cat-grills', 'item-kofta-plate', 'item-kofta-plate')
    await expect(till.line('item-kofta-plate').locator('.line-count')).toHaveText('2')
    await till.describeLine('item-kofta-plate', [61, 1, 1], language === 'ar' ? 'على الهادي' : 'gently')
    await till.add('cat-desserts', 'item-om-ali')
    await till.add('cat-hot-drinks', 'item-tea')
    const tea = till.dialog('line')
    await expect(tea.getByTestId('save-line')).toBeDisabled()
    await tea.locator('[data-modifier="64"]').click()
    await tea.locator('[data-modifier="65"]').click()
    await expect(tea.locator('.modifier[aria-pressed="true"]')).toHaveCount(1)
    await tea.getByTestId('save-line').click()
    await expect(page.locator('.lines > li')).toHaveCount(3)
    const total = await till.total()

    await till.pay()
    await till.take('cash', '200')
    await expect(till.dialog('pay').getByTestId('pay-left')).toContainText((total - 200).toFixed(2))
    await till.take('card', undefined)
    await expect(till.dialog('pay').getByRole('alert')).toHaveText(text(language, 'pay.reference.needed'))
    await till.take('card', '100', '4711')
    // The rest in cash, with change.
    const rest = total - 300
    await till.take('cash', String(Math.ceil(rest / 100) * 100))
    const number = await till.receiptNumber()
    const change = Math.ceil(rest / 100) * 100 - rest
    await expect(till.dialog('receipt').getByTestId('change')).toContainText(change.toFixed(2))
    await expect(till.dialog('receipt').getByTestId('print')).toBeEnabled()

    const order = await orderByNumber(stage, number)
    expect(order).toMatchObject({
      totalDue: total,
      totalPaid: total,
      paymentStateId: 'paid',
      posId: terminal,
      statusId: 'open',
    })
    const id = String(order.id)
    const payments = await childrenOf(stage, 'order_payment', id)
    expect(payments.map(({ paymentMethodId }) => paymentMethodId).sort()).toEqual(['card', 'cash', 'cash'])
    expect(payments.reduce((sum, { amount }) => sum + Math.round(Number(amount) * 100), 0)).toBe(
      Math.round(total * 100),
    )
    const lines = await childrenOf(stage, 'order_line', id)
    expect(lines.reduce((sum, line) => sum + Math.round(Number(line.total) * 100), 0)).toBe(
      Math.round(Number(order.subtotal) * 100),
    )
    const kofta = lines.find(({ itemId }) => itemId === 'item-kofta-plate')!
    expect(kofta).toMatchObject({ quantity: 2, statusId: 'queued' })
    const modifiers = (await stage.client.list('order_line_modifier')).filter(({ lineId }) => lineId === kofta.id)
    expect(modifiers.map(({ modifierId }) => modifierId).sort()).toEqual([1, 1, 61])
    const tickets = await childrenOf(stage, 'job_order_header', id)
    expect(tickets.map(({ stationId }) => stationId).sort()).toEqual([
      'section-bar',
      'section-dessert',
      'section-grill',
    ])
    expect(till.errors).toEqual([])
  })
}

test('a branch that is not there is named so; without a branch in the address the server’s first one is opened', async ({
  page,
}) => {
  await page.goto(`${stage.relay().url}/pos/?branch=nowhere`)
  await expect(page.locator('[data-start="no-branch"]')).toBeVisible()
  await page.goto(`${stage.relay().url}/pos/`)
  await expect(page.locator('[data-screen="open-shift"]')).toContainText(/Dar Restaurant|مطعم دار|Open a shift/)
})

test('paper: the receipt alone, in the language of the guest', async ({ page }) => {
  const till = await TillPage.open(page, stage)
  await till.openShift()
  await till.add('cat-desserts', 'item-om-ali')
  await till.pay()
  await page.evaluate(() => {
    window.print = () => document.body.setAttribute('data-printed', 'yes')
  })
  await till.take('cash', undefined)
  const receipt = till.dialog('receipt')
  await till.receiptNumber()
  await receipt.locator('.receipt-side [data-value="ar"]').click()
  await expect(receipt.getByTestId('receipt')).toHaveAttribute('dir', 'rtl')
  await expect(receipt.getByTestId('receipt')).toContainText('مطعم دار')
  await receipt.getByTestId('print').click()
  await expect(page.locator('body')).toHaveAttribute('data-printed', 'yes')
  await page.emulateMedia({ media: 'print' })
  await expect(receipt.getByTestId('receipt')).toBeVisible()
  await expect(receipt.getByTestId('print')).toBeHidden()
  await expect(page.locator('.top')).toBeHidden()
})

test('held orders wait, come back with everything, and are changed before the kitchen hears of them', async ({
  page,
}) => {
  const till = await TillPage.open(page, stage)
  await till.openShift()
  await till.kind('pickup')
  await till.add('cat-grills', 'item-lamb-chops')
  await till.describeLine('item-lamb-chops', [62])
  await till.add('cat-salads', ...(await firstItems(page, 'cat-salads', 1)))
  const total = await till.total()
  await page.getByTestId('hold').click()
  await expect(page.locator('.cart-empty')).toBeVisible()

  await till.show('orders')
  await page.locator('.board [data-value="held"]').click()
  const card = page.locator('.order[data-status="held"]').last()
  const id = (await card.getAttribute('data-order'))!
  await expect.poll(() => stage.client.find('order_header', id)).toMatchObject({ statusId: 'held', totalDue: total })
  expect(await childrenOf(stage, 'job_order_header', id)).toEqual([])
  await card.getByTestId('open-order').click()
  expect(await till.total()).toBe(total)
  await expect(till.line('item-lamb-chops').locator('.line-more')).toHaveText('Well done')
  await till.line('item-lamb-chops').locator('.line-main').click()
  await till.line('item-lamb-chops').locator('.step').last().click()
  await page.getByTestId('send').click()
  await expect.poll(async () => (await childrenOf(stage, 'job_order_header', id)).length).toBe(2)
  expect(await stage.client.find('order_header', id)).toMatchObject({ statusId: 'open' })
  const chops = (await childrenOf(stage, 'order_line', id)).find(({ itemId }) => itemId === 'item-lamb-chops')
  expect(chops).toMatchObject({ quantity: 2, statusId: 'queued' })
})

test('a table between two tablets: taken, added to, handed over, paid in parts, free again', async ({
  page,
  browser,
}) => {
  const other = await browser.newPage({ viewport: { width: 800, height: 1280 } })
  const [hall, waiter] = [await TillPage.open(page, stage), await TillPage.open(other, stage)]
  await hall.openShift()
  await waiter.openShift({ till: 'pos-3', cashier: 'emp-waiter-1' })

  await waiter.show('tables')
  await other.locator('[data-table="T07"]').click()
  await waiter.add('cat-soups', ...(await firstItems(other, 'cat-soups', 1)))
  await other.getByTestId('send').click()
  await hall.show('tables')
  const table = page.locator('[data-table="T07"]')
  await expect(table).toHaveAttribute('data-state', 'busy')
  await table.click()
  await hall.add('cat-hot-drinks', 'item-turkish-coffee')
  await page.getByTestId('send').click()

  await waiter.show('tables')
  await other.locator('[data-table="T07"]').click()
  await expect(other.locator('.lines .line-sent')).toHaveCount(2)
  const id = (await other.locator('.cart').getAttribute('data-order'))!
  const total = await waiter.total()
  await waiter.pay()
  await other.locator('.pay-split .step').last().click()
  await other.getByTestId('take').click()
  await other.getByTestId('pay-part').click()
  await expect(waiter.dialog('receipt')).toContainText(text('en', 'receipt.partial'))
  await waiter.nextOrder()
  await expect.poll(() => stage.client.find('order_header', id)).toMatchObject({ paymentStateId: 'partial' })

  await waiter.show('orders')
  await other.locator(`[data-order="${id}"]`).getByTestId('hand-over').click()
  await expect.poll(() => stage.client.find('order_header', id)).toMatchObject({ statusId: 'served' })
  await hall.show('tables')
  await table.click()
  await hall.pay()
  await hall.take('cash', undefined)
  await hall.receiptNumber()
  await hall.nextOrder()
  await expect
    .poll(() => stage.client.find('order_header', id))
    .toMatchObject({
      ...{ statusId: 'closed', paymentStateId: 'paid', totalDue: total, totalPaid: total },
    })
  await hall.show('tables')
  await expect(table).toHaveAttribute('data-state', 'free')
  expect([...hall.errors, ...waiter.errors]).toEqual([])
  await other.close()
})

test('the server is gone: sales go on with numbers of the device, and reach it once when it is back', async ({
  page,
}) => {
  const till = await TillPage.open(page, stage)
  await till.openShift()
  await till.add('cat-desserts', 'item-om-ali')
  await till.pay()
  await till.take('cash', undefined)
  await till.receiptNumber()
  await till.nextOrder()

  // Two tabs of one device: they share the queue and the block of numbers.
  const tab = await page.context().newPage()
  const second = await TillPage.open(tab, stage)
  await expect(tab.locator('[data-link="ready"]')).toBeVisible()

  await stage.server().kill()
  const numbers: string[] = []
  for (const one of [till, second, till]) {
    await expect(one.page.locator('[data-link="away"]')).toBeVisible()
    await one.add('cat-grills', 'item-kofta-plate')
    await one.pay()
    await one.take('cash', undefined)
    await expect(one.dialog('receipt').getByTestId('kept-here')).toBeVisible()
    numbers.push(await one.receiptNumber())
    await one.nextOrder()
  }
  expect(new Set(numbers).size).toBe(3)
  await expect(page.locator('.queue-badge')).toHaveAttribute('data-pending', '3')

  // Nobody leaves without being asked twice.
  await page.getByTestId('shift').click()
  await page.getByTestId('close-shift').click()
  await till.dialog('close-shift').locator('[data-count="cash"] input').fill('1')
  await page.getByTestId('confirm-close').click()
  await expect(page.getByTestId('worries')).toContainText('3 are not yet on the server')
  await page.keyboard.press('Escape')
  await page.getByTestId('shift').click()
  await page.getByTestId('leave').click()
  await expect(page.getByTestId('worries')).toBeVisible()
  await page.keyboard.press('Escape')

  await stage.server().restart()
  await expect(page.locator('.queue-badge')).toHaveCount(0, { timeout: 60_000 })
  for (const number of numbers) {
    const order = await orderByNumber(stage, number)
    expect(await childrenOf(stage, 'order_payment', String(order.id))).toHaveLength(1)
    expect(await childrenOf(stage, 'order_line', String(order.id))).toHaveLength(1)
  }
  await page.reload()
  await expect(page.locator('[data-screen="sell"]')).toBeVisible()
  await expect(page.locator('.queue-badge')).toHaveCount(0)
  expect([...till.errors, ...second.errors]).toEqual([])
})

test('a browser that keeps nothing: no receipt before the server has the order', async ({ page }) => {
  await page.addInitScript(() => {
    IDBFactory.prototype.open = () => {
      throw new DOMException('blocked', 'SecurityError')
    }
  })
  const till = await TillPage.open(page, stage)
  await till.openShift()
  stage.relay().setOpen(false)
  await expect(page.locator('[data-link="away"]')).toBeVisible()
  await till.add('cat-desserts', 'item-om-ali')
  await till.pay()
  await till.take('cash', undefined)
  const receipt = till.dialog('receipt')
  await expect(receipt.getByRole('alert')).toContainText('Do not hand out a receipt')
  await expect(receipt.getByTestId('print')).toBeDisabled()
  await expect(receipt.getByTestId('receipt-number')).toHaveAttribute('data-number', '')
  stage.relay().setOpen(true)
  await expect(receipt.getByTestId('print')).toBeEnabled({ timeout: 60_000 })
  await orderByNumber(stage, await till.receiptNumber())
})

test('what the server refuses is shown with its reason, holds up nothing, and is decided by a person', async ({
  page,
}) => {
  const till = await TillPage.open(page, stage)
  await till.openShift()
  await till.kind('pickup')
  await till.add('cat-desserts', 'item-om-ali')
  await page.getByTestId('send').click()
  await till.show('orders')
  const card = page.locator('.order[data-status="open"]').last()
  const id = (await card.getAttribute('data-order'))!
  await expect.poll(() => stage.client.find('order_header', id)).toMatchObject({ statusId: 'open' })
  await card.getByTestId('open-order').click()

  stage.relay().setOpen(false)
  await expect(page.locator('[data-link="away"]')).toBeVisible()
  await till.add('cat-grills', 'item-kofta-plate')
  await page.getByTestId('send').click()
  const stored = await stage.client.find('order_header', id)
  const called = { id, statusId: 'cancelled', stageId: 'cancelled', version: stored!.version! }
  expect((await stage.client.merge('order_header', called)).status).toBe(200)
  await till.kind('takeaway')
  await till.add('cat-desserts', 'item-om-ali')
  await till.pay()
  await till.take('cash', undefined)
  const number = await till.receiptNumber()
  await till.nextOrder()
  stage.relay().setOpen(true)

  await orderByNumber(stage, number)
  const badge = page.locator('.queue-badge')
  await expect(badge).toHaveAttribute('data-parked', '1')
  await badge.click()
  const parked = till.dialog('queue').locator('[data-parked]')
  await expect(parked).toContainText('Somebody else changed the same thing')
  await parked.getByRole('button', { name: 'Discard…' }).click()
  await parked.getByRole('button', { name: 'Discard for good' }).click()
  await expect(parked).toHaveCount(0)
  await page.keyboard.press('Escape')
  await expect(badge).toHaveCount(0)
  expect(await childrenOf(stage, 'order_line', id)).toHaveLength(1)
})

test('a discount up to what the cashier may give, search in both languages, and a reload in the middle of an order', async ({
  page,
}) => {
  const till = await TillPage.open(page, stage)
  await till.openShift()
  await page.getByRole('textbox', { name: text('en', 'menu.search') }).fill('طعميه')
  await page.locator('[data-item="item-taameya-plate"]').click()
  await page.getByRole('textbox', { name: text('en', 'menu.search') }).fill('nothing of the kind')
  await expect(page.locator('.menu-none')).toBeVisible()
  const before = await till.total()
  await page.getByTestId('order-extras').click()
  const extras = till.dialog('extras')
  await extras.locator('.discount-value input').fill('50')
  await expect(extras.getByRole('alert')).toContainText('more than')
  await extras.locator('.discount-value input').fill('10')
  await extras.getByRole('button', { name: 'Done' }).click()
  const after = await till.total()
  expect(after).toBeCloseTo(before * 0.9, 1)
  await page.reload()
  await expect(till.line('item-taameya-plate')).toBeVisible()
  expect(await till.total()).toBe(after)
})

test('the end of the day: what was counted beside what should be there', async ({ page }) => {
  const till = await TillPage.open(page, stage)
  await till.openShift()
  await page.getByTestId('shift').click()
  await page.getByTestId('close-shift').click()
  const dialog = till.dialog('close-shift')
  const cash = dialog.locator('[data-count="cash"]')
  const expected = (await cash.locator('[data-expected]').getAttribute('data-expected'))!
  await expect(page.getByTestId('confirm-close')).toBeDisabled()
  await cash.locator('input').fill((Number(expected) - 5).toFixed(2))
  await expect(cash).toContainText('-5.00')
  await page.getByTestId('confirm-close').click()
  // Orders are open still: asked twice.
  await expect(page.getByTestId('worries')).toBeVisible()
  await page.getByTestId('confirm-close').click()
  await expect(page.locator('[data-screen="open-shift"]')).toBeVisible()
  const shifts = (await stage.client.list('pos_shift')).filter(({ posId }) => posId === 'pos-1')
  expect(shifts).toMatchObject([{ isClosed: true, status: 'closed', expectedByMethod: { cash: Number(expected) } }])
  expect(Number(shifts[0]!.closingCash)).toBeCloseTo(Number(expected) - 5, 2)
  const summaries = (await stage.client.list('shift_payment_summary')).filter(
    ({ shiftId }) => shiftId === shifts[0]!.id,
  )
  expect(summaries.map(({ paymentMethodId }) => paymentMethodId)).toContain('cash')
})

/** The first items of a category, as the menu shows them. */
async function firstItems(page: Page, categoryId: string, count: number): Promise<string[]> {
  await page.locator(`[data-category="${categoryId}"]`).click()
  const ids: string[] = []
  for (let index = 0; index < count; index++) {
    ids.push((await page.locator('[data-item]').nth(index).getAttribute('data-item'))!)
  }
  return ids
}
