import { expect, test } from 'vitest'
import { langOf, pageOf, platformOf, renderTrustPage, type TrustPageInput } from './page.ts'
import { TRUST_STRINGS } from './strings.ts'

const input: TrustPageInput = {
  lang: 'en',
  platform: 'ios',
  authority: { fingerprint: 'AB:CD:EF' },
  secureUrls: ['https://192.168.1.5:3243/'],
  pageUrl: 'http://192.168.1.5:3200/trust',
}

test('the page has the fingerprint, the steps of the device open, and a code for the next device', () => {
  const page = renderTrustPage(input)
  expect(page).toContain('AB:<wbr>CD:<wbr>EF')
  expect(page.match(/<details open>/g)).toHaveLength(1)
  expect(page).toContain('<details open><summary>iPhone and iPad')
  expect(page).toContain('<svg role="img"')
  expect(page).not.toContain('<script')
})

test('each language has a step for each step of the other', () => {
  const shape = (lang: 'en' | 'ar') =>
    Object.entries(TRUST_STRINGS[lang].platforms).map(([id, { steps, note }]) => [id, steps.length, note !== undefined])
  expect(shape('ar')).toEqual(shape('en'))
  expect(renderTrustPage({ ...input, lang: 'ar' })).toContain('<html lang="ar" dir="rtl">')
})

test('an owner’s certificate needs no steps; without https there is no address to open', () => {
  const own = renderTrustPage({ ...input, authority: undefined })
  expect([own.includes('<details'), own.includes('/trust/ca.crt'), own.includes('192.168.1.5:3243')]).toEqual([
    false,
    false,
    true,
  ])
  const off = renderTrustPage({ ...input, secureUrls: [], pageUrl: undefined })
  expect([off.includes('not switched on yet'), off.includes('<svg')]).toEqual([true, false])
})

test('nothing that stands in an address becomes markup', () => {
  const evil = '"><script>alert(1)</script>'
  const page = renderTrustPage({ ...input, authority: { fingerprint: evil }, secureUrls: [evil], pageUrl: evil })
  expect(page).not.toMatch(/<script|"><sc/)
})

test('language and platform are read from what browsers send', () => {
  const langs = [
    langOf('ar', 'en'),
    langOf(null, 'fr, ar-EG;q=0.9, en'),
    langOf('xx', undefined),
    langOf(null, 'en-GB'),
  ]
  expect(langs).toEqual(['ar', 'ar', 'en', 'en'])
  const agents = [
    'Mozilla/5.0 (Linux; Android 16; SM-X210) Chrome/142',
    'Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X)',
    'Mozilla/5.0 (X11; CrOS x86_64 16002.0.0)',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64)',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)',
    'Mozilla/5.0 (X11; Linux x86_64)',
    'curl/8',
  ]
  expect(agents.map(platformOf)).toEqual(['android', 'ios', 'chromebook', 'windows', 'macos', 'linux', undefined])
})

test('somebody who asked for a page by plain http is told where it is', () => {
  const page = renderTrustPage({ ...input, from: '/pos/' })
  expect(page).toContain('secure connection only')
  expect(page).toContain('<a href="https://192.168.1.5:3243/pos/">')
  expect(page).toContain('href="/trust?lang=ar&amp;from=%2Fpos%2F"')
  expect(renderTrustPage(input)).not.toContain('secure connection only')
  const odd = ['//evil.example/', '/../etc', 'https://evil.example/', '/pos/"onload=', '/a/b/', '']
  expect(['/kds/', '/pos', '/', ...odd].map(pageOf)).toEqual(['/kds/', '/pos', '/', ...odd.map(() => '/')])
  expect(pageOf(null)).toBeUndefined()
})
