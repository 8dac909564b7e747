import { expect, type Page } from '@playwright/test'
import type { JsonObject } from '../../../src-shared/json.ts'
import { type HttpAnswer, send } from '../../support/http.ts'
import { startTestServer, type TestServer } from '../../support/server.ts'
import { type Language, prepareStage, text } from './console.ts'

export const ADMIN_PASSWORD = 'a long password of the house'

export interface ClosedStage {
  server(): TestServer
  /** Asks as the administrator. @throws Error when the answer is a refusal. */
  ask(method: string, path: string, body?: JsonObject): Promise<JsonObject>
  /** Asks as nobody: what a tablet does before it is paired. */
  askAsNobody(path: string, body: JsonObject): Promise<HttpAnswer>
}

/** A real server with a day of orders whose first manager, `admin`, is already made. */
export function prepareClosedStage(options: { env?: Record<string, string> } = {}): ClosedStage {
  const stage = prepareStage({ env: { MISHKAH_ADMIN_PASSWORD: ADMIN_PASSWORD, ...options.env } })
  let token: string | undefined
  async function ask(method: string, path: string, body?: JsonObject): Promise<JsonObject> {
    const { url } = stage.server()
    if (token === undefined) {
      const answer = await send(url, '/api/auth/login', {
        method: 'POST',
        body: { user: 'admin', password: ADMIN_PASSWORD },
      })
      token = (answer.body as { accessToken: string }).accessToken
    }
    const headers = { authorization: `Bearer ${token}` }
    const answer = await send(url, path, { method, headers, ...(body && { body }) })
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`)
    return answer.body as JsonObject
  }
  return {
    server: stage.server,
    ask,
    askAsNobody: (path, body) => send(stage.server().url, path, { method: 'POST', body }),
  }
}

/** A new server on which nobody is a manager yet. */
export async function withFreshServer(work: (server: TestServer) => Promise<void>): Promise<void> {
  const server = await startTestServer()
  try {
    await work(server)
  } finally {
    await server.stop()
  }
}

/** The code that the terminal showed. */
export function setUpCode(server: TestServer): string {
  const code = /Set-up code for the first manager: (\S+)/.exec(server.output())?.[1]
  if (code === undefined) throw new Error(`no set-up code in\n${server.output()}`)
  return code
}

/** Fills in the form that is in the place of the console. */
export async function signIn(page: Page, language: Language, user: string, password: string): Promise<void> {
  await page.getByRole('textbox', { name: text(language, 'signIn.user') }).fill(user)
  await page.getByLabel(text(language, 'signIn.password'), { exact: true }).fill(password)
  await page.getByRole('button', { name: text(language, 'signIn.button'), exact: true }).click()
}

interface EnterOptions {
  language: Language | 'pseudo'
  theme?: 'light' | 'dark'
  screen?: string
  user?: string
  details?: boolean
}

/** The console of somebody who signed in before: the browser has the cookie, and what was chosen. */
export async function enterConsole(page: Page, server: TestServer, options: EnterOptions): Promise<string[]> {
  const { language, theme = 'light', screen = 'overview', user = 'admin', details = false } = options
  const errors: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text())
  })
  page.on('pageerror', (error) => errors.push(error.message))
  const chosen = { language, theme, digits: 'latin', branchId: 'dar', moduleId: 'pos', hasDetails: details }
  await page.addInitScript((value) => {
    if (!localStorage.getItem('mishkah-console')) localStorage.setItem('mishkah-console', value)
  }, JSON.stringify(chosen))
  const answer = await page.request.post(`${server.url}/api/auth/login`, {
    data: { user, password: ADMIN_PASSWORD, cookie: true },
    headers: { origin: server.url },
  })
  expect(answer.status(), await answer.text()).toBe(200)
  await page.goto(`${server.url}/console/#/${screen}`)
  await expect(page.locator('.page .screen-title')).toBeVisible()
  return errors
}
