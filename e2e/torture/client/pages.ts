import type { Page } from 'playwright-core'
import type { ServerAck } from '../../../src-shared/protocol/server-frames.ts'
import { inPage } from '../../integration/client/support/built-client.ts'
import type { ToldWrites } from './told-writes.ts'

/** The tables that the pages of these runs write. */
export const TABLES = ['order_header', 'order_line', 'order_payment'] as const

/** What a page says to the test while it runs; it survives a reload of the page. */
export interface Listener {
  onAck(ack: ServerAck): void
  onMade(table: string, id: string): void
  /** A refused write, or something that must not happen in a page. */
  onProblem(text: string): void
}

/** A listener that notes everything; `onAck` of the caller hears each ack, too. */
export function noteTo(told: ToldWrites, problems: string[], onAck: () => void = () => undefined): Listener {
  return {
    onAck(ack) {
      told.noteAck(ack)
      onAck()
    },
    onMade: (table, id) => told.noteMade(table, id),
    onProblem: (text) => void problems.push(text),
  }
}

/** Once for each page or context, before it loads anything. */
export async function listenTo(target: Pick<Page, 'exposeFunction'>, listener: Listener): Promise<void> {
  await target.exposeFunction('tellAck', listener.onAck)
  await target.exposeFunction('tellMade', listener.onMade)
  await target.exposeFunction('tellProblem', listener.onProblem)
}

const OPEN = `
  const { createStore } = await import('/static/lib/mishkah.store.js')
  globalThis.store = createStore({ branchId: 'dar', moduleId: 'pos', conflicts: { default: 'fields-merge' } })
  store.on('ack', (ack) => void tellAck(ack))
  store.on('parked', ({ table, reason }) => void tellProblem('parked: ' + table + ' ' + reason.code + ' ' + reason.message))
  store.on('error', (error) => void tellProblem('error: ' + error.code + ' ' + error.message))
  globalThis.insert = async (table, record) => {
    await store.insert(table, record).queued
    await tellMade(table, record.id)
  }
`

/** Loads the test page and opens its store. */
export async function openPage(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/test.html`)
  await loadStore(page)
}

/** Opens the store of a page that is loaded; it connects, but nothing waits for a server. */
export async function loadStore(page: Page): Promise<void> {
  await page.evaluate(`(async () => {${OPEN} store.connect().catch(() => {}); await store.open() })()`)
}

/** A tablet that sells without a pause: orders with lines at once, then payments, changes and removals. */
const TABLET = `(name) => {
  const change = (table, id, fields) => {
    const record = store.read(table, id)
    if (record) return store.merge(table, { id, version: record.version, ...fields }).queued
  }
  const insert = (table, record) => ({ action: 'insert', table, record })
  globalThis.isWorking = true
  globalThis.work = (async () => {
    for (let n = 0; isWorking; n++) {
      const id = name + '-' + n
      const lines = [id + '-a', id + '-b']
      await store.batch([
        insert('order_header', { id, statusId: 'open', guests: n }),
        ...lines.map((line) => insert('order_line', { id: line, orderId: id, quantity: 1, statusId: 'draft' }))
      ]).queued
      await tellMade('order_header', id)
      for (const line of lines) await tellMade('order_line', line)
      await globalThis.insert('order_payment', { id: 'pay-' + id, orderId: id, paymentMethodId: 'cash', amount: n })
      await change('order_header', id, { statusId: 'closed' })
      await change('order_line', name + '-' + (n - 2) + '-a', { notes: ['n' + n] })
      if (n % 5 === 4) await store.remove('order_payment', 'pay-' + name + '-' + (n - 3)).queued
      await new Promise((resolve) => setTimeout(resolve, 60 + Math.random() * 200))
    }
  })().catch((error) => tellProblem('tablet: ' + error.stack))
}`

/** A kitchen display: bumps every line that it hears of. */
const KITCHEN = `() => {
  globalThis.isWorking = true
  globalThis.work = (async () => {
    while (isWorking) {
      for (const { id, version } of store.query('order_line', { statusId: 'draft' }).slice(0, 4)) {
        await store.merge('order_line', { id, version, statusId: 'ready' }).queued
      }
      await new Promise((resolve) => setTimeout(resolve, 30))
    }
  })().catch((error) => tellProblem('kitchen: ' + error.stack))
}`

export async function startTablet(page: Page, name: string): Promise<void> {
  await page.evaluate(`(${TABLET})(${JSON.stringify(name)})`)
}

export async function startKitchen(page: Page): Promise<void> {
  await page.evaluate(`(${KITCHEN})()`)
}

/** Ends the work and waits until the server has answered all of it. */
export async function settle(page: Page): Promise<void> {
  await inPage(page, '(globalThis.isWorking = false, globalThis.work)')
  await waitSynced(page)
}

/** @throws Error that says how the page stands when it is not in step with the server within 60 s. */
export async function waitSynced(page: Page): Promise<void> {
  const facts = `[store.status, store.pending().length + ' pending', store.parked().length + ' parked']`
  const outcome = await inPage(
    page,
    `Promise.race([store.whenSynced(), new Promise((resolve) => setTimeout(() => resolve(${facts}), 60_000))])`,
  )
  if (outcome !== undefined) throw new Error(`the page does not come into step: ${String(outcome)}`)
}

/** What a browser tells a page when its network is back. */
export async function wake(page: Page): Promise<void> {
  await inPage(page, `void window.dispatchEvent(new Event('online'))`)
}

/** All records that the page shows of our tables, once it has heard everything up to this position. */
export async function readView(page: Page, position: number): Promise<Record<string, { id: string }[]>> {
  await page.waitForFunction(`store.state.modules.pos.version >= ${position}`, undefined, { timeout: 20_000 })
  const view = `Object.fromEntries(${JSON.stringify(TABLES)}.map((table) => [table, store.listTable(table)]))`
  return (await inPage(page, view)) as Record<string, { id: string }[]>
}
