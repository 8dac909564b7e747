import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, type Locator, type Page, test } from '@playwright/test'
import { ar } from '../../../src-renderer/strings/ar.ts'
import { en, type StringKey } from '../../../src-renderer/strings/en.ts'
import { BranchClient } from '../../support/branch-client.ts'
import { startTestServer, type TestServer } from '../../support/server.ts'
import { TestSocket } from '../../support/socket.ts'

const ROOT = resolve(import.meta.dirname, '../../..')
const run = promisify(execFile)

export const BRANCH = 'dar'
export const SCREENS = [
  'overview',
  'tables',
  'tables/order_header',
  'snapshots',
  'purge',
  'sequences',
  'backups',
] as const
export const LANGUAGES = ['en', 'ar'] as const
export type Language = (typeof LANGUAGES)[number]

export interface Stage {
  server(): TestServer
  client: BranchClient
}

/** One real server for the tests of a file, on a temporary folder with a day of orders. */
export function prepareStage(options: { days?: number; env?: Record<string, string> } = {}): Stage {
  let server: TestServer | undefined
  const dataDir = mkdtempSync(join(tmpdir(), 'mishkah-console-'))
  test.beforeAll(async () => {
    const history = ['scripts/seed-history.ts', '--days', String(options.days ?? 1), '--orders-per-day', '40']
    await run('node', [...history, '--end', '2026-11-21', '--data', dataDir], { cwd: ROOT })
    server = await startTestServer({ dataDir, ...(options.env && { env: options.env }) })
  })
  test.afterAll(async () => {
    await server?.stop()
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 })
  })
  return { server: () => server!, client: new BranchClient(() => server!.url, BRANCH) }
}

/** The text as the reader of a language sees it, without its parameters; plural texts by their last form. */
export function text(language: Language, key: StringKey): string {
  const message = (language === 'ar' ? ar : en)[key]
  return typeof message === 'string' ? message : message.other
}

/** A pattern for a text with parameters: each of them may be anything. */
export function pattern(language: Language, key: StringKey): RegExp {
  const parts = text(language, key).split(/\{\w+\}/)
  return new RegExp(parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*'))
}

export interface Opened {
  page: Page
  /** Errors that the page wrote or threw. */
  errors: string[]
}

interface OpenOptions {
  language: Language | 'pseudo'
  theme?: 'light' | 'dark'
  digits?: 'latin' | 'arabic'
  details?: boolean
  screen?: string
}

/** Opens the console as somebody who chose language, theme and branch before. */
export async function openConsole(page: Page, server: TestServer, options: OpenOptions): Promise<Opened> {
  const { language, theme = 'light', digits = 'latin', details = false, screen = 'overview' } = options
  const errors: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text())
  })
  page.on('pageerror', (error) => errors.push(error.message))
  const chosen = { language, theme, digits, branchId: BRANCH, moduleId: 'pos', hasDetails: details }
  await page.addInitScript((value) => {
    if (!localStorage.getItem('mishkah-console')) localStorage.setItem('mishkah-console', value)
  }, JSON.stringify(chosen))
  await page.goto(`${server.url}/console/#/${screen}`)
  await expect(page.locator('.page .screen-title')).toBeVisible()
  return { page, errors }
}

export async function showScreen(page: Page, screen: string): Promise<void> {
  await page.evaluate((hash) => {
    window.location.hash = hash
  }, `#/${screen}`)
  await expect(page.locator(`.page[data-screen="${screen.split('/')[0]}"] .screen-title`)).toBeVisible()
  await expect(page.locator('.skeleton')).toHaveCount(0)
}

/** The dialog on top; toasts have the same role and are not meant. */
export function openDialog(page: Page): Locator {
  return page.locator('.modal').getByRole('alertdialog')
}

/** The typed confirmation of restore, purge and skip; the button must stay shut until the name is right. */
export async function confirmTyped(page: Page, action: string, name = BRANCH): Promise<void> {
  const dialog = openDialog(page)
  const button = dialog.getByRole('button', { name: action })
  await expect(button).toBeDisabled()
  await dialog.getByRole('textbox').last().fill('something else')
  await expect(button).toBeDisabled()
  await dialog.getByRole('textbox').last().fill(name)
  await button.click()
  await expect(dialog).toHaveCount(0)
}

/** Waits for the newest task of the drawer to end well. */
export async function taskDone(page: Page, name: string): Promise<void> {
  const task = page.locator('.drawer .task').filter({ hasText: name }).first()
  await expect(task).toHaveAttribute('data-task-state', 'done', { timeout: 60_000 })
}

/** A device of the branch that listens. */
export function enterDevice(server: TestServer, clientId: string): Promise<TestSocket> {
  return TestSocket.enter(server.wsUrl, { branchId: BRANCH, protocol: 2, clientId, requestSnapshot: false })
}

/** All open shifts are closed, as the tills do at the end of the day. */
export async function closeShifts({ client }: Stage): Promise<void> {
  for (const id of await client.listIds('pos_shift')) {
    const shift = await client.find('pos_shift', id)
    if (shift?.isClosed === true) continue
    const closed = {
      id,
      status: 'closed',
      isClosed: true,
      closedAt: new Date().toISOString(),
      version: shift?.version ?? 1,
    }
    const answer = await client.merge('pos_shift', closed)
    if (answer.status !== 200) throw new Error(`closing ${id}: ${answer.text}`)
  }
}

/** Every record of a table as it is stored, by id. */
export async function readRecords({ server }: Stage, table: string): Promise<Map<string, string>> {
  const records = new Map<string, string>()
  for (let next: string | undefined; ; ) {
    const query = new URLSearchParams({ limit: '500', ...(next !== undefined && { next }) })
    const answer = await fetch(`${server().url}/api/branches/${BRANCH}/modules/pos/tables/${table}?${query}`, {
      headers: { 'Mishkah-Protocol': '2' },
    })
    const page = (await answer.json()) as { rows: { id: string }[]; next?: string }
    for (const row of page.rows) records.set(row.id, JSON.stringify(row))
    if (page.next === undefined || page.rows.length === 0) return records
    next = page.next
  }
}
