import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { expect, type Page } from '@playwright/test'
import type { AxeResults } from 'axe-core'

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** axe-core finds nothing serious or critical. */
export async function expectAccessible(page: Page, where: string): Promise<void> {
  await page.evaluate(axeSource)
  const found = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(options: object): Promise<AxeResults> } }
    const { violations } = await axe.run({ resultTypes: ['violations'] })
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) =>
        nodes.map(({ target, failureSummary }) => ({ id, target: String(target), failureSummary })),
      )
  })
  expect(found, `axe on ${where}`).toEqual([])
}

/** No text is cut off: neither by its own box nor by the page. */
export async function expectNothingClipped(page: Page, where: string): Promise<void> {
  const clipped = await page.evaluate(() => {
    const wrong: string[] = []
    const { scrollWidth, clientWidth } = document.documentElement
    if (scrollWidth > clientWidth) wrong.push(`page: ${scrollWidth} > ${clientWidth}`)
    for (const element of document.querySelectorAll<HTMLElement>('body *')) {
      const hasText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.nodeValue?.trim())
      if (!hasText || element.closest('.visually-hidden, [style*="clip"], svg')) continue
      const { overflowX, display, clipPath } = getComputedStyle(element)
      if (display === 'inline' || clipPath !== 'none' || element.clientWidth === 0) continue
      const isCut = element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 6
      if (isCut && overflowX !== 'auto' && overflowX !== 'scroll') {
        const size = `${element.scrollWidth}x${element.scrollHeight} in ${element.clientWidth}x${element.clientHeight}`
        wrong.push(`${element.className}: ${element.textContent?.slice(0, 40)} (${size})`)
      }
    }
    return wrong
  })
  expect(clipped, `clipped text on ${where}`).toEqual([])
}

/** A live page may take a node away while we ask. */
function noFontsOfGoneNode(error: Error): { fonts: never[] } {
  if (!error.message.includes('Could not find node')) throw error
  return { fonts: [] }
}

/** Every glyph comes from a bundled font: the browser names the fonts that it really used. */
export async function expectBundledGlyphs(page: Page, where: string): Promise<void> {
  const session = await page.context().newCDPSession(page)
  await session.send('DOM.enable')
  await session.send('CSS.enable')
  const { root } = await session.send('DOM.getDocument', { depth: 0 })
  const { nodeIds } = await session.send('DOM.querySelectorAll', {
    nodeId: root.nodeId,
    selector: 'body *:not(select, option, script)',
  })
  const foreign = new Set<string>()
  for (const nodeId of nodeIds) {
    const { fonts } = await session.send('CSS.getPlatformFontsForNode', { nodeId }).catch(noFontsOfGoneNode)
    for (const { familyName, isCustomFont, glyphCount } of fonts) {
      if (isCustomFont) continue
      const { outerHTML } = await session.send('DOM.getOuterHTML', { nodeId })
      foreign.add(`${familyName} (${glyphCount}): ${outerHTML.slice(0, 160)}`)
    }
  }
  await session.detach()
  expect([...foreign], `glyphs of other fonts on ${where}`).toEqual([])
}

export async function expectDirection(page: Page, language: string): Promise<void> {
  const html = page.locator('html')
  await expect(html).toHaveAttribute('lang', language)
  await expect(html).toHaveAttribute('dir', language === 'ar' ? 'rtl' : 'ltr')
  const [side, main] = await Promise.all([page.locator('.side').boundingBox(), page.locator('.main').boundingBox()])
  if (side && main) expect(side.x < main.x, 'the screens are at the start of the line').toBe(language !== 'ar')
}
