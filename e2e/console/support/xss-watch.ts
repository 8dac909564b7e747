import type { Page } from '@playwright/test'

export interface Watch {
  /** Whatever ran, wanted to run, or became an element that was a text. */
  found(): Promise<string[]>
}

/** A marker that scripts would call, dialogs, violations of the policy, and elements that no page of ours has. */
export async function watch(page: Page): Promise<Watch> {
  const dialogs: string[] = []
  page.on('dialog', (dialog) => {
    dialogs.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  await page.addInitScript(() => {
    const seen: string[] = []
    Object.assign(window, { xssSeen: seen, xss: () => seen.push('a script ran') })
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) => {
      seen.push(`policy: ${violatedDirective} ${blockedURI} ${sample}`)
    })
  })
  return {
    async found() {
      const seen = await page.evaluate(() => {
        const foreign =
          'img[src="x"], iframe, object, embed, marquee, math, body script, [onerror], [onload], [onfocus]'
        const elements = [...document.querySelectorAll(foreign)].filter((one) => !one.closest('head'))
        const links = [...document.querySelectorAll('a[href]')].filter((one) =>
          /^\s*(javascript|data|vbscript):/i.test(one.getAttribute('href') ?? ''),
        )
        const own = (window as unknown as { xssSeen: string[] }).xssSeen
        return [...own, ...[...elements, ...links].map((one) => one.outerHTML.slice(0, 120))]
      })
      return [...dialogs, ...seen]
    },
  }
}
