import { expect, type Page, test } from '@playwright/test'
import { expectStored, openKds, prepareKdsStage, readChildren, Till, text, ticketOf } from './kds-stage.ts'

/** The kitchen screen in real Chromium against a real server: what it shows, and what its buttons store. */
const stage = prepareKdsStage()
let till: Till

test.beforeAll(async () => {
  till = await Till.open(stage)
})
test.afterAll(() => till.close())

const itemOf = (page: Page, orderId: string, name: string) =>
  ticketOf(page, orderId).locator('.item', { hasText: name })

async function bump(page: Page, orderId: string): Promise<void> {
  await ticketOf(page, orderId).locator('.ticket-done').click()
  await expect(ticketOf(page, orderId)).toHaveCount(0)
}

test('an order written over REST appears by itself, and its first press stores the kitchen’s records', async ({
  page,
}) => {
  const errors = await openKds(page, stage)
  const line = { quantity: 2, unitPrice: 100, notes: ['sesame allergy'], kitchenSectionId: 'section-grill' }
  const answer = await stage.client.send('POST', 'orders', {
    order: {
      ...{ id: 'rest-1', shiftId: 'shift-e2e', type: 'takeaway', orderTypeId: 'takeaway', statusId: 'open' },
      customerName: 'Salma',
      lines: [
        { ...line, id: 'rest-1-a', itemId: 'item-kofta-plate' },
        { id: 'rest-1-b', itemId: 'item-tea', quantity: 1 },
      ],
    },
  })
  expect(answer.status).toBe(201)
  const ticket = ticketOf(page, 'rest-1')
  await expect(ticket).toHaveCount(1)
  await expect(ticket.locator('.place')).toContainText('Salma')
  await expect(ticket.locator('.place')).toContainText(text('en', 'type.takeaway'))
  await expect(itemOf(page, 'rest-1', 'Grilled Kofta').locator('.remark-allergy')).toContainText('sesame allergy')
  await expect(itemOf(page, 'rest-1', 'Tea')).toHaveCount(1)
  expect(await readChildren(stage, 'job_order_header', 'rest-1'), 'nothing is written by looking').toEqual([])

  await itemOf(page, 'rest-1', 'Grilled Kofta').click()
  await expectStored(stage, 'order_line', 'rest-1-a', { statusId: 'ready' })
  await expectStored(stage, 'order_header', 'rest-1', { statusId: 'cooking', stageId: 'preparing' })
  await bump(page, 'rest-1')
  await expectStored(stage, 'order_line', 'rest-1-b', { statusId: 'ready' })
  await expectStored(stage, 'order_header', 'rest-1', { statusId: 'ready', stageId: 'ready' })
  const tickets = await readChildren(stage, 'job_order_header', 'rest-1')
  expect(tickets.map(({ stationId, status }) => [stationId, status]).sort()).toEqual([
    ['section-bar', 'ready'],
    ['section-grill', 'ready'],
  ])
  expect(errors).toEqual([])
})

test('item and order: start, bump, undo, and what REST says of it', async ({ page }) => {
  await openKds(page, stage, { sections: 'section-grill' })
  const [kofta, tarb, tea] = await till.send({
    ...{ id: 'bump-1', tableLabel: 'T5', notes: ['no hurry'] },
    lines: [
      { itemId: 'item-kofta-plate', quantity: 2, modifiers: [41, 11] },
      { itemId: 'item-tarb' },
      { itemId: 'item-tea' },
    ],
  })
  const ticket = ticketOf(page, 'bump-1')
  await expect(ticket.locator('.item')).toHaveCount(2)
  await expect(ticket.locator('.place')).toContainText('T5')
  await expect(ticket.locator('.modifier-remove')).toHaveText('No onion')
  await expect(ticket.locator('.elsewhere-part')).toHaveText('Drinks bar 1')
  await expect(ticket.locator('.ticket-head + .remark')).toHaveText('no hurry')

  await ticket.locator('.ticket-start').click()
  await expectStored(stage, 'order_line', kofta!, { statusId: 'cooking' })
  await expectStored(stage, 'order_line', tea!, { statusId: 'queued' })

  await itemOf(page, 'bump-1', 'Tarb').click()
  await expectStored(stage, 'order_line', tarb!, { statusId: 'ready' })
  await expect(itemOf(page, 'bump-1', 'Tarb')).toHaveAttribute('aria-pressed', 'true')
  await page.locator('.undo').getByRole('button').click()
  await expectStored(stage, 'order_line', tarb!, { statusId: 'cooking' })
  await expect(page.locator('.undo')).toHaveCount(0)

  await bump(page, 'bump-1')
  for (const id of [kofta!, tarb!]) await expectStored(stage, 'order_line', id, { statusId: 'ready' })
  const [job] = (await readChildren(stage, 'job_order_header', 'bump-1')).filter(
    ({ stationId }) => stationId === 'section-grill',
  )
  expect(job).toMatchObject({ status: 'ready', progressState: 'ready', completedItems: 3, remainingItems: 0 })
  await expectStored(stage, 'order_header', 'bump-1', { statusId: 'cooking' })

  await page.locator('.undo').getByRole('button').click()
  await expect(ticket.locator('.item-cooking')).toHaveCount(2)
  for (const id of [kofta!, tarb!]) await expectStored(stage, 'order_line', id, { statusId: 'cooking' })
})

test('recall brings a bumped ticket back, after a reload too', async ({ page }) => {
  const [line] = await till.send({ id: 'recall-1', orderTypeId: 'pickup', lines: [{ itemId: 'item-espresso' }] })
  await openKds(page, stage, { sections: 'section-bar' })
  await bump(page, 'recall-1')
  await expectStored(stage, 'order_header', 'recall-1', { statusId: 'ready', stageId: 'ready' })
  await page.reload()
  await page.locator('[data-action="recall"]').click()
  await page.locator('.recall[data-order="recall-1"]').getByRole('button').click()
  await expect(ticketOf(page, 'recall-1').locator('.item-cooking')).toHaveCount(1)
  await expectStored(stage, 'order_line', line!, { statusId: 'cooking' })
  await expectStored(stage, 'order_header', 'recall-1', { statusId: 'cooking', stageId: 'preparing' })
})

test('screens of two sections agree, also when both bump in the same moment', async ({ page, browser }) => {
  test.setTimeout(180_000)
  const other = await (await browser.newContext()).newPage()
  await openKds(page, stage, { sections: 'section-grill' })
  await openKds(other, stage, { sections: 'section-bar' })
  for (let round = 1; round <= 3; round++) {
    const id = `two-${round}`
    const lines = [{ itemId: 'item-kofta-plate' }, { itemId: 'item-tea', quantity: 2 }]
    const lineIds = await till.send({ id, tableLabel: 'T1', lines })
    await expect(ticketOf(page, id).locator('.item')).toHaveText(/Grilled Kofta/)
    await expect(ticketOf(other, id).locator('.item')).toHaveText(/Tea/)
    await expect(ticketOf(page, id).locator('.elsewhere-part')).toHaveText('Drinks bar 1')
    await Promise.all([bump(page, id), bump(other, id)])
    for (const lineId of lineIds) await expectStored(stage, 'order_line', lineId, { statusId: 'ready' })
    // Whoever came second may have to be corrected: that is written by itself, in a quarter of a minute.
    await expect
      .poll(async () => (await stage.client.find('order_header', id))?.statusId, { timeout: 40_000 })
      .toBe('ready')
    for (const screen of [page, other]) await expect(screen.locator('.queue-badge')).toHaveCount(0)
  }
  await other.context().close()
})

test('a killed server: nobody can miss it, bumps go on, and all is right when it is back', async ({ page }) => {
  const [kept] = await till.send({ id: 'dead-1', tableLabel: 'T3', lines: [{ itemId: 'item-espresso' }] })
  const [gone] = await till.send({ id: 'dead-2', tableLabel: 'T4', lines: [{ itemId: 'item-sahlab' }] })
  await openKds(page, stage, { sections: 'section-bar' })
  await expect(ticketOf(page, 'dead-1')).toHaveCount(1)

  await stage.server().kill()
  const bar = page.getByRole('alert')
  await expect(bar).toContainText(/Offline since \d{1,2}:\d\d: new orders are not arriving/)
  const { width } = (await bar.boundingBox())!
  expect(width).toBe(page.viewportSize()!.width)
  await bump(page, 'dead-2')
  await expect(page.locator('.queue-badge')).toHaveAttribute('data-pending', '1')

  await stage.server().restart()
  await till.reopen(stage)
  const [fresh] = await till.send({ id: 'dead-3', tableLabel: 'T5', lines: [{ itemId: 'item-anise' }] })
  await expect(ticketOf(page, 'dead-3')).toHaveCount(1)
  await expect(bar).toHaveCount(0)
  await expectStored(stage, 'order_line', gone!, { statusId: 'ready' })
  await expectStored(stage, 'order_line', kept!, { statusId: 'queued' })
  await expectStored(stage, 'order_line', fresh!, { statusId: 'queued' })
  await expect(ticketOf(page, 'dead-1')).toHaveCount(1)
  await expect(ticketOf(page, 'dead-2')).toHaveCount(0)
  await expect(page.locator('.queue-badge')).toHaveCount(0)
})

test('a new ticket flashes, and sounds once somebody has touched the screen and nobody has muted it', async ({
  page,
}) => {
  await openKds(page, stage, { sections: 'section-bar' })
  const sound = page.locator('[data-sound]')
  await expect(sound).toHaveAttribute('data-sound', 'waiting')
  await till.send({ id: 'ring-1', lines: [{ itemId: 'item-anise' }] })
  await expect(ticketOf(page, 'ring-1')).toHaveClass(/ticket-new/)
  await expect(page.locator('.flash')).toHaveAttribute('data-flashes', '1')
  await expect(sound).toHaveAttribute('data-rung', '0')

  await page.locator('[data-action="sound"]').click()
  await expect(sound).toHaveAttribute('data-sound', 'on')
  await till.send({ id: 'ring-2', lines: [{ itemId: 'item-anise' }] })
  await expect(sound).toHaveAttribute('data-rung', '1')
  // The grill's work is no news here.
  await till.send({ id: 'ring-3', lines: [{ itemId: 'item-tarb' }] })

  await page.locator('[data-action="sound"]').click()
  await expect(sound).toHaveAttribute('data-sound', 'muted')
  await till.send({ id: 'ring-4', lines: [{ itemId: 'item-anise' }] })
  await expect(ticketOf(page, 'ring-4')).toHaveCount(1)
  await expect(page.locator('.flash')).toHaveAttribute('data-flashes', '3')
  await expect(sound).toHaveAttribute('data-rung', '1')
  await page.reload()
  await expect(sound).toHaveAttribute('data-sound', 'muted')
})

test('sections are chosen once a device; the address may name them; one that is gone is asked for again', async ({
  page,
}) => {
  await till.send({ id: 'choose-1', lines: [{ itemId: 'item-tagine-meat' }, { itemId: 'item-tea' }] })
  await page.goto(`${stage.relay().url}/kds/?branch=dar`)
  await expect(page.getByRole('heading', { name: text('en', 'sections.choose') })).toBeVisible()
  await expect(page.locator('[data-section="section-oven"]')).toContainText('1 open ticket')
  const show = page.getByTestId('show-sections')
  await expect(show).toBeDisabled()
  await page.locator('[data-section="section-oven"]').click()
  await show.click()
  await expect(page.locator('.bar-sections')).toHaveText('Oven')
  await expect(ticketOf(page, 'choose-1').locator('.item')).toHaveCount(1)
  await page.reload()
  await expect(page.locator('.bar-sections')).toHaveText('Oven')

  await page.goto(`${stage.relay().url}/kds/?branch=dar&section=section-bar,section-oven`)
  await expect(page.locator('.bar-sections')).toHaveText('Drinks bar + Oven')
  await expect(ticketOf(page, 'choose-1').locator('.part-name')).toHaveCount(2)
  await page.locator('.bar-sections').click()
  await page.locator('[data-section="all"]').click()
  await show.click()
  await expect(page.locator('.bar-sections')).toHaveText(text('en', 'sections.all'))
  expect(page.url()).not.toContain('section=')

  await page.goto(`${stage.relay().url}/kds/?branch=dar&section=section-of-old`)
  await expect(page.getByRole('heading', { name: text('en', 'sections.choose') })).toBeVisible()
})

test('a cancelled order says so until somebody has seen it', async ({ page }) => {
  await openKds(page, stage, { sections: 'section-oven' })
  await till.send({ id: 'cancel-1', tableLabel: 'T9', lines: [{ itemId: 'item-manakish-zaatar' }] })
  await expect(ticketOf(page, 'cancel-1')).toHaveCount(1)
  const { version } = (await stage.client.find('order_header', 'cancel-1'))!
  const cancelled = { id: 'cancel-1', statusId: 'cancelled', version: version! }
  expect((await stage.client.merge('order_header', cancelled)).status).toBe(200)
  await expect(ticketOf(page, 'cancel-1').locator('.ticket-stop')).toHaveText(text('en', 'ticket.cancelled'))
  await bump(page, 'cancel-1')
})

test('a device whose clock is a day wrong shows the right ages', async ({ page }) => {
  await till.send({ id: 'clock-1', minutes: 12, lines: [{ itemId: 'item-feteer-plain' }] })
  for (const hours of [24, -24]) {
    const context = await page.context().browser()!.newContext()
    await context.addInitScript((skew) => {
      const now = Date.now
      Date.now = () => now() + skew
    }, hours * 3_600_000)
    const skewed = await context.newPage()
    await openKds(skewed, stage, { sections: 'section-oven' })
    await expect(ticketOf(skewed, 'clock-1').locator('.timer')).toHaveText(/^1[23]:\d\d$/)
    await expect(ticketOf(skewed, 'clock-1')).toHaveAttribute('data-level', 'due')
    await context.close()
  }
})

/** React gives an element new properties whenever its component was drawn: the same object means it was not. */
async function rememberDrawing(page: Page): Promise<void> {
  await page.evaluate(() => {
    const seen = new Map<Element, unknown>()
    const propsOf = (element: Element) =>
      (element as unknown as Record<string, unknown>)[
        Object.keys(element).find((key) => key.startsWith('__reactProps'))!
      ]
    for (const card of document.querySelectorAll('.ticket')) seen.set(card, propsOf(card))
    Object.assign(window, {
      drawnAgain: () =>
        [...seen].filter(([card, props]) => propsOf(card) !== props).map(([card]) => card.getAttribute('data-order')),
    })
  })
}

const drawnAgain = (page: Page) => page.evaluate(() => (window as unknown as { drawnAgain(): string[] }).drawnAgain())

test('200 open tickets: an event draws its own card, no other', async ({ page }) => {
  test.setTimeout(240_000)
  for (let n = 1; n <= 200; n++) {
    const id = `many-${String(n).padStart(3, '0')}`
    await till.send({
      id,
      tableLabel: `T${n % 40}`,
      lines: [{ itemId: 'item-taameya-plate' }, { itemId: 'item-kibbeh', quantity: 2 }],
    })
  }
  await openKds(page, stage, { sections: 'section-fryer' })
  await expect(page.locator('.pages')).toHaveAttribute('data-tickets', '200')
  await rememberDrawing(page)
  const EVENTS = 10
  for (let n = 1; n <= EVENTS; n++) {
    await till.send({ id: `event-${n}`, lines: [{ itemId: 'item-mombar' }] })
    await expect(ticketOf(page, `event-${n}`)).toHaveCount(1)
  }
  expect(await drawnAgain(page)).toEqual([])
  await itemOf(page, 'many-007', 'Taameya').click()
  await expect(itemOf(page, 'many-007', 'Taameya')).toHaveAttribute('aria-pressed', 'true')
  expect(await drawnAgain(page)).toEqual(['many-007'])
  const pages = page.locator('[data-pages]')
  await page.getByRole('button', { name: text('en', 'page.next') }).click()
  await expect(pages).toHaveAttribute('data-page', '2')
  const shown = await page
    .locator('.ticket')
    .evaluateAll(
      (cards) =>
        cards.filter((card) => card.getBoundingClientRect().x >= 0 && card.getBoundingClientRect().x < innerWidth)
          .length,
    )
  expect(shown).toBeGreaterThan(3)
})

test('a browser of early 2023 is enough', async ({ page }) => {
  await page.addInitScript(() => {
    delete (Map as Partial<MapConstructor>).groupBy
  })
  const errors = await openKds(page, stage)
  await till.send({ id: 'older-1', lines: [{ itemId: 'item-tea' }] })
  await expect(ticketOf(page, 'older-1').locator('.item')).toHaveCount(1)
  expect(errors).toEqual([])
})
