/**
 * Chromium cannot route `app://`: the stand-in gives each host of the scheme an https address, which Playwright can route
 * and which is a secure context too.
 */
const SUFFIX = '.invalid'

export function toPageUrl(url: string): string {
  return url.replace(/^app:\/\/([\w-]+)/, `https://app-$1${SUFFIX}`)
}

export function toAppUrl(url: string): string {
  return url.replace(/^https:\/\/app-([\w-]+)\.invalid/, 'app://$1')
}

/** "app://console" for a page of the scheme, otherwise the page's own origin. Docs: WebFrameMain, `frame.origin`. */
export function originOf(pageUrl: string): string {
  return toAppUrl(URL.parse(pageUrl)?.origin ?? 'null')
}
