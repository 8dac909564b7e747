import { expect, test } from '@playwright/test'
import { openKds, ticketOf } from './kds-stage.ts'
import { orderByNumber, preparePosStage, TillPage } from './pos-stage.ts'

test.use({ viewport: { width: 1280, height: 800 } })
const stage = preparePosStage()

test('a till and two screens of the kitchen: sold, cooked, bumped, called off, handed over', async ({
  page,
  browser,
}) => {
  const [grill, bar] = await Promise.all([browser.newPage(), browser.newPage()])
  await openKds(grill, stage, { sections: 'section-grill' })
  await openKds(bar, stage, { sections: 'section-bar' })
  const till = await TillPage.open(page, stage)
  await till.openShift()
  await till.add('cat-grills', 'item-kofta-plate', 'item-lamb-chops')
  await till.describeLine('item-lamb-chops', [62], 'no salt')
  await till.add('cat-hot-drinks', 'item-turkish-coffee')
  await till.pay()
  await till.take('cash', '300')
  await till.take('card', undefined, '4711')
  const number = await till.receiptNumber()
  await till.nextOrder()
  const { id } = (await orderByNumber(stage, number)) as { id: string }

  const cooked = ticketOf(grill, id)
  await expect(cooked).toContainText('Well done')
  await expect(cooked).toContainText('no salt')
  await expect(cooked).not.toContainText('Turkish Coffee')
  await cooked.locator('.ticket-start').click()
  await till.show('orders')
  const card = page.locator(`.board [data-order="${id}"]`)
  await expect(card).toHaveAttribute('data-status', 'cooking')
  // Both sections press in the same moment: neither loses the other's.
  await Promise.all([cooked.locator('.ticket-done').click(), ticketOf(bar, id).locator('.ticket-done').click()])
  await expect(card).toHaveAttribute('data-status', 'ready', { timeout: 30_000 })
  await card.getByTestId('hand-over').click()
  await expect(card).toHaveCount(0)
  await page.locator('.board [data-value="done"]').click()
  await expect(card).toHaveAttribute('data-status', 'closed')
  expect(await stage.client.find('order_header', id)).toMatchObject({ statusId: 'closed', paymentStateId: 'paid' })

  // What nobody has begun can be called off, and the kitchen is told.
  await till.show('sell')
  await till.kind('pickup')
  await till.add('cat-grills', 'item-mixed-grill')
  await page.getByTestId('send').click()
  await till.show('orders')
  const waiting = page.locator('.order[data-status="open"]')
  const called = (await waiting.getAttribute('data-order'))!
  await expect(ticketOf(grill, called)).toBeVisible()
  await waiting.getByTestId('cancel-order').click()
  await till.dialog('cancel').locator('.button-danger').click()
  await expect(ticketOf(grill, called)).toHaveClass(/ticket-cancelled/)
  expect(await stage.client.find('order_header', called)).toMatchObject({ statusId: 'cancelled' })
  expect(till.errors).toEqual([])
  await Promise.all([grill.close(), bar.close()])
})
