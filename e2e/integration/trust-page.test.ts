import { X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import jsqr from 'jsqr'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../../src-main/server/http/testing.ts'
import { launchChromium } from '../support/chromium.ts'

/** MISHKAH_SHOTS: a folder for pictures of the page. */
const shots = process.env.MISHKAH_SHOTS
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

let server: TestServer
let browser: Browser
beforeAll(async () => {
  server = await startTestServer({
    host: '0.0.0.0',
    openLan: true,
    https: { port: 0, isAlwaysOn: true, redirect: false },
  })
  browser = await launchChromium()
  if (shots) mkdirSync(shots, { recursive: true })
})
afterAll(async () => {
  await browser.close()
  await server.close()
})

const LOOKS = (['en', 'ar'] as const).flatMap((lang) =>
  (['light', 'dark'] as const).map((colorScheme) => ({ lang, colorScheme })),
)

test.each(LOOKS)('the page in $lang, $colorScheme: readable by everybody, without a script of ours', async (look) => {
  const { lang, colorScheme } = look
  // Our policy would keep the checker out; the page itself is the same.
  const context = await browser.newContext({ colorScheme, bypassCSP: true, viewport: { width: 390, height: 844 } })
  const page = await context.newPage()
  await page.goto(`${server.url}/trust?lang=${lang}`)
  for (const details of await page.locator('details').all()) {
    await details.evaluate((element) => element.setAttribute('open', ''))
  }
  await page.evaluate(axe)
  const violations = await page.evaluate(
    'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.map((n) => n.html)]))',
  )
  expect(violations).toEqual([])
  const found = await page.evaluate(`({
    dir: document.documentElement.dir,
    scripts: document.scripts.length,
    overflow: document.documentElement.scrollWidth - innerWidth,
    small: [...document.querySelectorAll('a, summary')].filter((e) => e.getBoundingClientRect().height < 44).length,
  })`)
  expect(found).toEqual({ dir: lang === 'ar' ? 'rtl' : 'ltr', scripts: 0, overflow: 0, small: 0 })
  if (shots) await page.screenshot({ path: `${shots}/trust-${lang}-${colorScheme}.png`, fullPage: true })
  await context.close()
})

test('the code on the page leads to the page, the link to the certificate whose fingerprint it shows', async () => {
  const context = await browser.newContext({ javaScriptEnabled: false })
  const page = await context.newPage()
  await page.goto(`${server.url}/trust?lang=en`)
  const shown = (await page.locator('.fingerprint').innerText()).trim()
  const download = await server.get('/trust/ca.crt')
  const certificate = new X509Certificate(download.bytes)
  expect(download.headers).toMatchObject({ 'content-type': 'application/x-x509-ca-cert' })
  expect([certificate.ca, certificate.fingerprint256]).toEqual([true, shown])

  const picture = await page.locator('.code svg').screenshot()
  const reader = await (await browser.newContext()).newPage()
  const pixels = await reader.evaluate(async (base64) => {
    const image = new Image()
    image.src = `data:image/png;base64,${base64}`
    await image.decode()
    const canvas = new OffscreenCanvas(image.width, image.height)
    const context = canvas.getContext('2d')
    context?.drawImage(image, 0, 0)
    const data = context?.getImageData(0, 0, image.width, image.height).data ?? []
    return { width: image.width, height: image.height, data: [...data] }
  }, picture.toString('base64'))
  const code = jsqr.default(new Uint8ClampedArray(pixels.data), pixels.width, pixels.height)
  expect(code?.data).toMatch(new RegExp(`^http://[\\d.]+:${server.port}/trust$`))
  const links = await page.locator('.links a').evaluateAll((all) => all.map((one) => one.getAttribute('href')))
  expect(links.length).toBeGreaterThan(0)
  expect(links.every((link) => /^https:\/\/[\d.]+:\d+\/$/.test(link ?? ''))).toBe(true)
})

test('whoever can name the server may read the page, nobody else', async () => {
  const behindProxy = { 'X-Forwarded-For': '8.8.8.8' }
  expect((await server.ask({ path: '/trust', headers: behindProxy })).status).toBe(200)
  expect((await server.ask({ path: '/api/branches', headers: behindProxy })).status).toBe(401)
  expect((await server.ask({ path: '/trust', headers: { Host: 'evil.example' } })).status).toBe(403)
  const { headers } = await server.get('/trust')
  expect(headers['content-security-policy']).toContain("default-src 'none'; style-src 'self'")
})
