import { expect, type Locator, type Page, test } from '@playwright/test'
import { ar } from '../../src-apps/pos/strings/ar.ts'
import { en } from '../../src-apps/pos/strings/en.ts'
import type { JsonObject } from '../../src-shared/json.ts'
import { type Relay, startRelay } from '../integration/client/support/relay.ts'
import { BranchClient } from '../support/branch-client.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

export const BRANCH = 'dar'
export const LANGUAGES = ['en', 'ar'] as const
export type Language = (typeof LANGUAGES)[number]

export interface PosStage {
  server(): TestServer
  /** Where the pages look for the server: the same after it was killed and came back. */
  relay(): Relay
  client: BranchClient
}

/** One real server for the tests of a file, on the tracked data set. */
export function preparePosStage(): PosStage {
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
  language?: Language
  theme?: 'light' | 'dark'
  /** `pos-1` to `pos-3`; a shift of a till may be open already. */
  till?: string
  cashier?: string
}

/** A page at /pos, as a person uses it. */
export class TillPage {
  readonly page: Page
  readonly language: Language
  /** What the page complained about, except that the server cannot be reached. */
  readonly errors: string[] = []

  private constructor(page: Page, language: Language) {
    this.page = page
    this.language = language
  }

  /** Opens the app on a fresh device; the first page is the opening of a shift. */
  static async open(page: Page, stage: PosStage, options: OpenOptions = {}): Promise<TillPage> {
    const { language = 'en', theme = 'light' } = options
    const till = new TillPage(page, language)
    page.on('console', (message) => {
      if (message.type() === 'error' && !/ERR_|WebSocket/.test(message.text())) till.errors.push(message.text())
    })
    page.on('pageerror', (error) => till.errors.push(error.message))
    await page.addInitScript((chosen) => {
      if (!localStorage.getItem('mishkah-apps')) localStorage.setItem('mishkah-apps', chosen)
    }, JSON.stringify({ language, theme }))
    await page.goto(`${stage.relay().url}/pos/?branch=${BRANCH}`)
    await expect(page.locator('[data-screen]')).toBeVisible()
    return till
  }

  /** Opens a shift, or goes on with the one that is open at the till. */
  async openShift({ till = 'pos-1', cashier = 'emp-cashier-1' }: OpenOptions = {}): Promise<void> {
    await this.page.locator(`[data-terminal="${till}"]`).click()
    const goOn = this.page.getByRole('button', { name: text(this.language, 'shift.join.button'), exact: true })
    const person = this.page.locator(`[data-cashier="${cashier}"]`)
    await expect(goOn.or(person)).toBeVisible()
    if (await goOn.isVisible()) await goOn.click()
    else {
      await person.click()
      await this.page.getByTestId('open-shift').click()
    }
    await expect(this.page.locator('[data-screen="sell"]')).toBeVisible()
    await expect(this.page.locator('[data-link="ready"]')).toBeVisible()
  }

  async show(view: 'sell' | 'tables' | 'orders'): Promise<void> {
    await this.page.locator(`.top-nav [data-value="${view}"]`).click()
    await expect(this.page.locator(`[data-screen="${view}"]`)).toBeVisible()
  }

  async kind(orderTypeId: string): Promise<void> {
    await this.page.locator(`.cart-types [data-value="${orderTypeId}"]`).click()
  }

  /** Presses an item of a category. */
  async add(categoryId: string, ...itemIds: string[]): Promise<void> {
    await this.page.locator(`[data-category="${categoryId}"]`).click()
    for (const itemId of itemIds) await this.page.locator(`[data-item="${itemId}"]`).click()
  }

  line(itemId: string): Locator {
    return this.page.locator(`.cart [data-line="${itemId}"]`)
  }

  dialog(name: string): Locator {
    return this.page.locator(`[data-dialog="${name}"]`)
  }

  /** The line that is selected, with what is chosen in its dialog. */
  async describeLine(itemId: string, modifierIds: readonly number[], note = ''): Promise<void> {
    if ((await this.line(itemId).getByTestId('edit-line').count()) === 0) {
      await this.line(itemId).locator('.line-main').click()
    }
    await this.line(itemId).getByTestId('edit-line').click()
    for (const id of modifierIds) await this.dialog('line').locator(`[data-modifier="${id}"]`).click()
    if (note !== '') await this.dialog('line').locator('.line-dialog-note input').fill(note)
    await this.dialog('line').getByTestId('save-line').click()
    await expect(this.dialog('line')).toHaveCount(0)
  }

  /** The total as a number. */
  async total(): Promise<number> {
    return readAmount(await this.page.getByTestId('total').innerText())
  }

  /** Types an amount on the keypad and takes it. */
  async take(methodId: string, amount: string | undefined, reference = ''): Promise<void> {
    const dialog = this.dialog('pay')
    await dialog.locator(`[data-method="${methodId}"]`).click()
    if (amount !== undefined) {
      for (const key of amount) await dialog.getByRole('button', { name: key, exact: true }).click()
    }
    if (reference !== '') await dialog.getByTestId('reference').fill(reference)
    await dialog.getByTestId('take').click()
  }

  async pay(): Promise<void> {
    await this.page.getByTestId('pay').click()
    await expect(this.dialog('pay')).toBeVisible()
  }

  /** The number on the receipt; waits for one of this form. */
  async receiptNumber(form = /^DAR-\d{5}$/): Promise<string> {
    const number = this.dialog('receipt').getByTestId('receipt-number')
    await expect(number).toHaveAttribute('data-number', form)
    return (await number.getAttribute('data-number'))!
  }

  async nextOrder(): Promise<void> {
    await this.dialog('receipt').getByTestId('next-order').click()
    await expect(this.dialog('receipt')).toHaveCount(0)
  }
}

export function readAmount(shown: string): number {
  return Number(/-?[\d,]+(\.\d+)?/.exec(shown)?.[0].replaceAll(',', ''))
}

/** The records of an order in a table of its children. */
export async function childrenOf(stage: PosStage, table: string, orderId: string): Promise<JsonObject[]> {
  return (await stage.client.list(table)).filter((row) => row.orderId === orderId)
}

/** The order with this number; waits until the server has it, and has it once. */
export async function orderByNumber(stage: PosStage, number: string): Promise<JsonObject> {
  const find = async () => (await stage.client.list('order_header')).filter(({ orderNumber }) => orderNumber === number)
  await expect.poll(async () => (await find()).length, { message: `orders with the number ${number}` }).toBe(1)
  return (await find())[0]!
}
