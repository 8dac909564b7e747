import { renderSVG } from 'uqr'
import type { AuthorityFacts } from '../certificates/authority.ts'
import { type Platform, TRUST_STRINGS, type TrustLang, type TrustStrings } from './strings.ts'

export interface TrustPageInput {
  lang: TrustLang
  /** Its steps stand open; undefined opens none. */
  platform: Platform | undefined
  /** Undefined when the owner brought a certificate. */
  authority: Pick<AuthorityFacts, 'fingerprint'> | undefined
  /** Where the encrypted pages are, such as https://192.168.1.5:3243/; empty while https is not served. */
  secureUrls: readonly string[]
  /** Page that was asked for by plain http, such as `/pos/`; see `pageOf`. */
  from?: string | undefined
  /** Address of this page for another device; undefined when only this machine is served. */
  pageUrl: string | undefined
}

/** The page /trust: complete without a script, so that it works in whatever browser a device has. */
export function renderTrustPage(input: TrustPageInput): string {
  const { lang, authority } = input
  const t = TRUST_STRINGS[lang]
  const other = lang === 'ar' ? 'en' : 'ar'
  return `<!doctype html>
<html lang="${lang}" dir="${lang === 'ar' ? 'rtl' : 'ltr'}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escapeHtml(authority ? t.title : t.ownTitle)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/trust/style.css">
</head>
<body>
<header><a class="lang" href="/trust?lang=${other}${input.from ? `&amp;from=${encodeURIComponent(input.from)}` : ''}" lang="${other}" hreflang="${other}">${escapeHtml(t.other)}</a></header>
<main>
${renderRefusal(t, input)}${authority ? renderInstall(t, authority.fingerprint, input) : renderOwn(t, input)}
</main>
</body>
</html>
`
}

/** A path of ours that may stand in a link, the first page for anything else; undefined when nothing was asked for. */
export function pageOf(asked: string | null): string | undefined {
  if (asked === null) return undefined
  return /^\/[\w-]{1,40}\/?$/.test(asked) ? asked : '/'
}

/** Why somebody who wanted another page is here, and where that page is. */
function renderRefusal(t: TrustStrings, { from, secureUrls }: TrustPageInput): string {
  if (from === undefined) return ''
  const links = secureUrls.map((url) => {
    const text = escapeHtml(URL.canParse(url) ? new URL(from, url).href : url)
    return `<li><a href="${text}"><bdi dir="ltr">${text}</bdi></a></li>`
  })
  return `<section class="refusal" role="status"><p>${escapeHtml(t.refused)}</p><ul class="links">${links.join('')}</ul></section>
`
}

function renderOwn(t: TrustStrings, { secureUrls }: TrustPageInput): string {
  return `<h1>${escapeHtml(t.ownTitle)}</h1>
<p class="lead">${escapeHtml(t.ownLead)}</p>
${renderSecureUrls(t, secureUrls)}`
}

function renderInstall(t: TrustStrings, fingerprint: string, input: TrustPageInput): string {
  return `<h1>${escapeHtml(t.title)}</h1>
<p class="lead">${escapeHtml(t.lead)}</p>
<p><a class="button" href="/trust/ca.crt">${escapeHtml(t.download)}</a></p>
<p class="soft">${escapeHtml(t.downloadHint)}</p>
<section aria-labelledby="compare">
<h2 id="compare">${escapeHtml(t.compare)}</h2>
<p>${escapeHtml(t.compareHint)}</p>
<p class="fingerprint"><bdi dir="ltr">${breakable(fingerprint)}</bdi></p>
<p class="soft">${escapeHtml(t.permits)}</p>
</section>
<section aria-labelledby="steps">
<h2 id="steps">${escapeHtml(t.howTo)}</h2>
${Object.entries(t.platforms)
  .map(([id, platform]) => {
    const steps = platform.steps.map((step) => `<li>${renderText(step)}</li>`).join('')
    const note = platform.note === undefined ? '' : `<p class="note">${escapeHtml(platform.note)}</p>`
    const open = id === input.platform ? ' open' : ''
    return `<details${open}><summary>${escapeHtml(platform.name)}</summary><ol>${steps}</ol>${note}</details>`
  })
  .join('\n')}
</section>
${renderSecureUrls(t, input.secureUrls)}
${renderCode(t, input.pageUrl)}`
}

function renderSecureUrls(t: TrustStrings, urls: readonly string[]): string {
  if (urls.length === 0) return `<p class="note">${escapeHtml(t.notServed)}</p>`
  const links = urls.map((url) => {
    const text = escapeHtml(url)
    return `<li><a href="${text}"><bdi dir="ltr">${text}</bdi></a></li>`
  })
  return `<section><p>${escapeHtml(t.thenOpen)}</p><ul class="links">${links.join('')}</ul></section>`
}

function renderCode(t: TrustStrings, url: string | undefined): string {
  if (url === undefined) return ''
  const svg = renderSVG(url, { border: 4 }).replace('<svg ', '<svg role="img" aria-labelledby="scan" ')
  return `<figure class="code">${svg}<figcaption id="scan">${escapeHtml(t.scan)}<br><bdi dir="ltr">${escapeHtml(url)}</bdi></figcaption></figure>`
}

/** Names in backticks keep their direction. */
function renderText(text: string): string {
  return escapeHtml(text).replace(/`([^`]+)`/g, '<bdi dir="ltr">$1</bdi>')
}

/** Thirty-two pairs do not fit on a phone's line. */
function breakable(fingerprint: string): string {
  return escapeHtml(fingerprint).replaceAll(':', ':<wbr>')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}

/** @param userAgent - Only to open the right steps; nothing is kept. */
export function platformOf(userAgent: string): Platform | undefined {
  if (/iPhone|iPad|iPod/.test(userAgent)) return 'ios'
  if (/Android/.test(userAgent)) return 'android'
  if (/CrOS/.test(userAgent)) return 'chromebook'
  if (/Windows/.test(userAgent)) return 'windows'
  if (/Macintosh|Mac OS X/.test(userAgent)) return 'macos'
  return /Linux|X11/.test(userAgent) ? 'linux' : undefined
}

/** The language that is asked for, else the first of Accept-Language that we have, else English. */
export function langOf(asked: string | null, acceptLanguage: string | undefined): TrustLang {
  if (asked === 'ar' || asked === 'en') return asked
  for (const part of (acceptLanguage ?? '').split(',')) {
    const lang = /^\s*(ar|en)\b/i.exec(part)?.[1]?.toLowerCase()
    if (lang === 'ar' || lang === 'en') return lang
  }
  return 'en'
}
