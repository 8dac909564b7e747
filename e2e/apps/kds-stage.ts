import { expect, type Locator, type Page, test } from '@playwright/test'
import { ar } from '../../src-apps/kds/strings/ar.ts'
import { en } from '../../src-apps/kds/strings/en.ts'
import { type KitchenLine, sendToKitchen } from '../../src-apps/shared/kitchen.ts'
import type { JsonObject } from '../../src-shared/json.ts'
import { type Relay, startRelay } from '../integration/client/support/relay.ts'
import { BranchClient } from '../support/branch-client.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'

export const BRANCH = 'dar'
export const LANGUAGES = ['en', 'ar'] as const
export type Language = (typeof LANGUAGES)[number]

export interface KdsStage {
  server(): TestServer
  /** Where the pages look for the server: the same after it was killed and came back. */
  relay(): Relay
  client: BranchClient
}

/** One real server for the tests of a file, on the tracked data set. */
export function prepareKdsStage(): KdsStage {
  let server: TestServer | undefined
  let relay: Relay | undefined
  test.beforeAll(async () => {
    server = await startTestServer()
    relay = await startRelay(() => server!.url)
  })
  test.afterAll(async () => {
    await relay?.close()
    await server?.stop()
  })
  return { server: () => server!, relay: () => relay!, client: new BranchClient(() => server!.url, BRANCH) }
}

export function text(language: Language, key: keyof typeof en): string {
  const message = (language === 'ar' ? ar : en)[key]
  return typeof message === 'string' ? message : message.other
}

interface OpenOptions {
  sections?: string
  language?: Language
  theme?: 'light' | 'dark'
  isLarge?: boolean
  hasAllDay?: boolean
}

/** Opens the kitchen screen as a device that was set up before. Returns what the page complained about. */
export async function openKds(page: Page, stage: KdsStage, options: OpenOptions = {}): Promise<string[]> {
  const { sections = 'all', language = 'en', theme, isLarge = false, hasAllDay = false } = options
  const errors: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text())
  })
  page.on('pageerror', (error) => errors.push(error.message))
  const stored = [
    ['mishkah-kds', JSON.stringify({ language, ...(theme && { theme }) })],
    ['mishkah-kds-screen', JSON.stringify({ isLarge, hasAllDay })],
  ]
  await page.addInitScript((entries) => {
    for (const [key, value] of entries) if (!localStorage.getItem(key!)) localStorage.setItem(key!, value!)
  }, stored)
  await page.goto(`${stage.relay().url}/kds/?branch=${BRANCH}&section=${sections}`)
  await expect(page.locator('.screen[data-link="ready"]')).toBeVisible()
  return errors
}

/** Stored fields of a record, asked over REST until they are as expected. */
export async function expectStored(stage: KdsStage, table: string, id: string, fields: JsonObject): Promise<void> {
  await expect.poll(() => stage.client.find(table, id), { message: `${table} ${id}` }).toMatchObject(fields)
}

/** The records of an order in a table of its children. */
export async function readChildren(stage: KdsStage, table: string, orderId: string): Promise<JsonObject[]> {
  const { body } = await stage.client.send('GET', `tables/${table}?limit=1000&orderId=${encodeURIComponent(orderId)}`)
  return (body as unknown as { rows: JsonObject[] }).rows.filter((row) => row.orderId === orderId)
}

export const ticketOf = (page: Page, orderId: string): Locator => page.locator(`.ticket[data-order="${orderId}"]`)

export interface OrderLine {
  itemId: string
  quantity?: number
  note?: string
  /** Ids of `menu_modifiers`. */
  modifiers?: readonly number[]
}

export interface SentOrder {
  id: string
  orderNumber?: string
  orderTypeId?: string
  tableLabel?: string
  customerName?: string
  notes?: string[]
  /** How long ago it was sent. */
  minutes?: number
  lines: readonly OrderLine[]
}

/** Sends orders to the kitchen as the till does: one batch each, over a socket. */
export class Till {
  #socket: TestSocket
  readonly #menu: Map<string, JsonObject>
  readonly #modifiers: Map<string, JsonObject>
  #count = 0

  private constructor(socket: TestSocket, menu: JsonObject[], modifiers: JsonObject[]) {
    this.#socket = socket
    this.#menu = new Map(menu.map((item) => [String(item.id), item]))
    this.#modifiers = new Map(modifiers.map((modifier) => [String(modifier.id), modifier]))
  }

  static async open(stage: KdsStage): Promise<Till> {
    const rows = async (table: string) => {
      const { body } = await stage.client.send('GET', `tables/${table}?limit=1000`)
      return (body as unknown as { rows: JsonObject[] }).rows
    }
    return new Till(await enter(stage), await rows('menu_items'), await rows('menu_modifiers'))
  }

  /** After the server was away. */
  async reopen(stage: KdsStage): Promise<void> {
    this.#socket = await enter(stage)
  }

  /** @returns Ids of the order's lines, in the order given. */
  async send(order: SentOrder): Promise<string[]> {
    const { id, lines, minutes = 0, orderNumber = id, orderTypeId = 'dine_in', ...rest } = order
    const at = new Date(Date.now() - minutes * 60_000).toISOString()
    const newId = (table: string) => `${table}-${id}-${String(++this.#count).padStart(4, '0')}`
    const own = lines.map((line) => this.#makeLine(line, newId('order_line')))
    const header = { id, orderNumber, orderTypeId, shiftId: 'shift-e2e', statusId: 'open', stageId: 'new', ...rest }
    const context = { actor: { id: null, name: 'Till', role: 'cashier' }, at, newId }
    const operations = [
      { action: 'insert', table: 'order_header', record: { ...header, openedAt: at, paymentStateId: 'unpaid' } },
      ...own.map((line) => ({
        action: 'insert',
        table: 'order_line',
        record: {
          ...{ id: line.id, orderId: id, itemId: line.item.id, quantity: line.quantity, statusId: 'queued' },
          kitchenSectionId: line.sectionId,
        },
      })),
      ...sendToKitchen({ id, orderNumber, orderTypeId, ...rest }, own, 'initial', context),
    ].map(({ action, table, record }) => {
      // What a screen writes when the tickets are younger than the order.
      const age = table === 'job_order_header' && minutes > 0 && { meta: { receivedAt: at } }
      return { action: `module:${action}`, table, record: { ...record, ...age } }
    })
    await this.publish({ action: 'module:batch', operations })
    return own.map((line) => line.id)
  }

  async publish(write: object): Promise<void> {
    const requestId = `till-${++this.#count}-${Math.random()}`
    const frame = { type: 'client:publish', requestId, branchId: BRANCH, moduleId: 'pos', ...write }
    this.#socket.send(frame as unknown as JsonObject)
    const answer = await this.#socket.next((one) => one.requestId === requestId)
    if (answer.type !== 'server:ack') throw new Error(JSON.stringify(answer))
  }

  close(): Promise<void> {
    return this.#socket.close()
  }

  #makeLine({ itemId, quantity = 1, note, modifiers = [] }: OrderLine, id: string): KitchenLine {
    const item = this.#menu.get(itemId)
    if (!item) throw new Error(`no item ${itemId}`)
    return {
      ...{ id, quantity, note: note ?? null, sectionId: String(item.kitchenSectionId) },
      item: item as unknown as KitchenLine['item'],
      modifiers: modifiers.map((modifierId) => {
        const modifier = this.#modifiers.get(String(modifierId))
        if (!modifier) throw new Error(`no modifier ${modifierId}`)
        return { modifier: modifier as KitchenLine['modifiers'][number]['modifier'], quantity: 1 }
      }),
    }
  }
}

function enter({ server }: KdsStage): Promise<TestSocket> {
  const hello = { branchId: BRANCH, protocol: 2, clientId: 'till', requestSnapshot: false }
  return TestSocket.enter(server().wsUrl, hello)
}
