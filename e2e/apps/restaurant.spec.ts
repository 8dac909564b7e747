import { type Browser, expect, type Page, test } from '@playwright/test'
import { expectStored, openKds, ticketOf } from './kds-stage.ts'
import { childrenOf, LANGUAGES, orderByNumber, preparePosStage, TillPage } from './pos-stage.ts'

/** A restaurant: tills at /pos and kitchen screens at /kds, on one real server. */
test.use({ viewport: { width: 1280, height: 800 } })

const stage = preparePosStage()

async function openKitchen(browser: Browser, sections: string, language: 'en' | 'ar' = 'en') {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
  const page = await context.newPage()
  return { page, errors: await openKds(page, stage, { sections, language }) }
}

async function bump(kitchen: Page, orderId: string): Promise<void> {
  await ticketOf(kitchen, orderId).locator('.ticket-done').click()
  await expect(ticketOf(kitchen, orderId)).toHaveCount(0)
}

for (const language of LANGUAGES) {
  test(`an order from the till to the stove to the guest: ${language}`, async ({ page, browser }) => {
    const kitchen = await openKitchen(browser, 'all', language)
    const till = await TillPage.open(page, stage, { language })
    await till.openShift({ till: language === 'en' ? 'pos-1' : 'pos-2' })
    await till.kind('takeaway')
    await till.add('cat-grills', 'item-kofta-plate', 'item-lamb-chops')
    await till.describeLine('item-kofta-plate', [41], 'Sesame allergy')
    await till.add('cat-desserts', 'item-om-ali')
    await expect(page.locator('.lines > li')).toHaveCount(3)
    const total = await till.total()
    await till.pay()
    await till.take('cash', '100')
    await till.take('card', String(Math.floor(total - 101)), '4711')
    await till.take('cash', '5')
    const number = await till.receiptNumber()

    const order = await orderByNumber(stage, number)
    const id = String(order.id)
    expect(order).toMatchObject({ paymentStateId: 'paid', totalPaid: total, statusId: 'open' })
    const methods = (await childrenOf(stage, 'order_payment', id)).map(({ paymentMethodId }) => paymentMethodId)
    expect(new Set(methods)).toEqual(new Set(['cash', 'card']))

    const ticket = ticketOf(kitchen.page, id)
    await expect(ticket.locator('.item')).toHaveCount(3)
    await expect(ticket).toHaveAttribute('aria-label', number)
    await expect(ticket.locator('.part')).toHaveCount(2)
    await expect(ticket.locator('.remark-allergy')).toContainText('Sesame allergy')
    await expect(ticket.locator('.modifier-remove')).toHaveCount(1)

    await till.nextOrder()
    await till.show('orders')
    const card = page.locator(`.order[data-order="${id}"]`)
    await expect(card).toHaveAttribute('data-status', 'open')
    await ticket.locator('.ticket-start').click()
    await expect(card).toHaveAttribute('data-status', 'cooking')
    await ticket.locator('.item').first().click()
    await bump(kitchen.page, id)
    await expect(card).toHaveAttribute('data-status', 'ready')
    await expectStored(stage, 'order_header', id, { statusId: 'ready', stageId: 'ready' })
    for (const line of await childrenOf(stage, 'order_line', id)) expect(line.statusId).toBe('ready')

    await card.getByTestId('hand-over').click()
    await expectStored(stage, 'order_header', id, { statusId: 'closed', paymentStateId: 'paid' })
    await kitchen.page.locator('[data-action="recall"]').click()
    await expect(
      kitchen.page.locator(`.recall[data-order="${id}"]`),
      'nothing to recall of a closed order',
    ).toHaveCount(0)
    expect([...till.errors, ...kitchen.errors]).toEqual([])
    await kitchen.page.context().close()
  })
}

test('two tablets and two kitchen screens share a table live, and go on after the server was killed', async ({
  page,
  browser,
}) => {
  test.setTimeout(180_000)
  const grill = await openKitchen(browser, 'section-grill')
  const bar = await openKitchen(browser, 'section-bar')
  const other = await browser.newPage({ viewport: { width: 1280, height: 800 } })
  const [hall, waiter] = [await TillPage.open(page, stage), await TillPage.open(other, stage)]
  await hall.openShift()
  await waiter.openShift({ till: 'pos-3', cashier: 'emp-waiter-1' })

  // The waiter sends a table's order; both screens have their part of it.
  await waiter.show('tables')
  await other.locator('[data-table="T09"]').click()
  await waiter.add('cat-grills', 'item-kofta-plate', 'item-kofta-plate')
  await waiter.add('cat-hot-drinks', 'item-turkish-coffee')
  await other.getByTestId('send').click()
  await waiter.show('tables')
  await other.locator('[data-table="T09"]').click()
  const id = (await other.locator('.cart').getAttribute('data-order'))!
  await expect(ticketOf(grill.page, id).locator('.item')).toHaveText(/2\s*Grilled Kofta/)
  await expect(ticketOf(grill.page, id).locator('.place')).toContainText('T9')
  await expect(ticketOf(bar.page, id).locator('.item')).toHaveText(/Turkish Coffee/)
  await expect(ticketOf(bar.page, id).locator('.elsewhere-part')).toHaveText('Grill 1')

  // The other tablet adds to the same table: a ticket of its own, marked.
  await hall.show('tables')
  await page.locator('[data-table="T09"]').click()
  await hall.add('cat-grills', 'item-lamb-chops')
  await page.getByTestId('send').click()
  await expect(ticketOf(grill.page, id)).toHaveCount(2)
  await expect(ticketOf(grill.page, id).last().locator('.mark-added')).toBeVisible()

  // The bar is done; the tablets see it, and the grill's card no longer waits for it.
  await bump(bar.page, id)
  await expect(ticketOf(grill.page, id).first().locator('.elsewhere-part')).toHaveCount(0)
  await hall.show('orders')
  const card = page.locator(`.order[data-order="${id}"]`)
  await expect(card).toHaveAttribute('data-status', 'cooking')

  // The server dies in the middle; the grill goes on cooking.
  await stage.server().kill()
  await expect(grill.page.getByRole('alert')).toBeVisible()
  await ticketOf(grill.page, id).first().locator('.ticket-done').click()
  await expect(ticketOf(grill.page, id)).toHaveCount(1)
  await stage.server().restart()
  await expect(grill.page.getByRole('alert')).toHaveCount(0)
  await bump(grill.page, id)
  await expectStored(stage, 'order_header', id, { statusId: 'ready', stageId: 'ready' })
  await expect(card).toHaveAttribute('data-status', 'ready')

  // Handed over by mistake? The kitchen takes it back, and both tablets know.
  await bar.page.locator('[data-action="recall"]').click()
  await bar.page.locator(`.recall[data-order="${id}"]`).getByRole('button').click()
  await expect(card).toHaveAttribute('data-status', 'cooking')
  await waiter.show('orders')
  await expect(other.locator(`.order[data-order="${id}"]`)).toHaveAttribute('data-status', 'cooking')
  await bump(bar.page, id)
  await expect(card).toHaveAttribute('data-status', 'ready')
  await expectStored(stage, 'order_header', id, { statusId: 'ready' })
  expect((await childrenOf(stage, 'order_line', id)).map(({ statusId }) => statusId)).toEqual([
    'ready',
    'ready',
    'ready',
  ])
  for (const screen of [page, other, grill.page, bar.page]) await expect(screen.locator('.queue-badge')).toHaveCount(0)
  expect([...hall.errors, ...waiter.errors]).toEqual([])
  for (const screen of [other, grill.page, bar.page]) await screen.context().close()
})

test('an order cancelled at the till stops the stove', async ({ page, browser }) => {
  const grill = await openKitchen(browser, 'section-grill')
  const till = await TillPage.open(page, stage)
  await till.openShift()
  await till.kind('pickup')
  await till.add('cat-grills', 'item-lamb-chops')
  await page.getByTestId('send').click()
  const ticket = grill.page.locator('.ticket', { hasText: 'Lamb Chops' })
  await expect(ticket).toHaveCount(1)
  const id = (await ticket.getAttribute('data-order'))!
  await till.show('orders')
  await page.locator(`.order[data-order="${id}"]`).getByTestId('cancel-order').click()
  await till.dialog('cancel').locator('.dialog-foot .button-danger').click()
  await expect(ticket.locator('.ticket-stop')).toBeVisible()
  await bump(grill.page, id)
  await grill.page.context().close()
})
