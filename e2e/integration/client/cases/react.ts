import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import type { BrowserBench } from '../support/browser-bench.ts'
import { bundleScript, inPage } from '../support/built-client.ts'

/** The hooks in a real browser: what they show, and that nothing renders that has not changed. */
export function reactCases(bench: BrowserBench): void {
  let script: string
  let page: Page
  let complaints: string[]
  beforeAll(async () => {
    script = await bundleScript(join(import.meta.dirname, '../support/react-page.tsx'), 'ui')
    for (const id of ['react-1', 'react-2']) await bench.branch.insert('order_header', { id, status: 'pending' })
  })
  beforeEach(async () => {
    page = await bench.newPage()
    complaints = []
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(String(error)))
    await page.addScriptTag({ content: script })
  })

  const waitFor = (id: string, text: string): Promise<unknown> =>
    page.waitForFunction(`document.getElementById('${id}').textContent === '${text}'`, undefined, { timeout: 10_000 })

  /** As another device does, with the version that it read. */
  async function setStatus(id: string, status: string): Promise<void> {
    const { version } = (await bench.branch.find('order_header', id))!
    const answer = await bench.branch.merge('order_header', { id, status, version: version! })
    expect(answer.status).toBe(200)
  }

  test('a component renders when its own table, record or filter changes, and not otherwise', async () => {
    await inPage(page, 'ui.start(false)')
    await waitFor('state', 'ready 0')
    await waitFor('menu', '141')
    expect(await page.textContent('#order-react-1')).toBe('pending')
    await inPage(page, 'ui.takeRenders()')

    await bench.branch.insert('order_line', { id: 'rl-1', orderId: 'react-1', itemId: 'item-burger', quantity: 2 })
    await waitFor('lines', 'rl-1 2')
    expect(await inPage(page, 'ui.takeRenders()')).toEqual({ lines: 1 })

    await bench.branch.insert('order_line', { id: 'rl-2', orderId: 'react-2', itemId: 'item-burger', quantity: 1 })
    await setStatus('react-2', 'ready')
    await waitFor('order-react-2', 'ready')
    expect(await inPage(page, 'ui.takeRenders()')).toEqual({ 'order react-2': 1 })

    await inPage(page, `ui.show('react-2')`)
    expect(await page.textContent('#lines')).toBe('rl-2 1')
    await inPage(page, 'ui.takeRenders()')
    await bench.branch.merge('order_line', { id: 'rl-2', quantity: 4, version: 1 })
    await waitFor('lines', 'rl-2 4')
    expect(await inPage(page, 'ui.takeRenders()')).toEqual({ lines: 1 })

    await inPage(page, `ui.store.merge('order_header', { id: 'react-1', status: 'held', version: 1 })`)
    await waitFor('order-react-1', 'held')
    await waitFor('state', 'ready 0')
    expect(await inPage(page, 'ui.takeRenders()')).not.toHaveProperty('menu')
    expect(complaints).toEqual([])
  })

  test('in strict mode everything is subscribed to once, and let go of when the page goes', async () => {
    await inPage(page, 'ui.start(true)')
    await waitFor('state', 'ready 0')
    const before = await page.textContent('#order-react-1')
    await setStatus('react-1', before === 'ready' ? 'held' : 'ready')
    await waitFor('order-react-1', before === 'ready' ? 'held' : 'ready')
    await inPage(page, 'ui.stop()')
    await inPage(page, 'ui.takeRenders()')
    await setStatus('react-1', 'pending')
    await page.waitForFunction(`ui.store.read('order_header', 'react-1').statusId === 'pending'`)
    expect(await inPage(page, 'ui.takeRenders()')).toEqual({})
    expect(complaints).toEqual([])
  })
}
