import { z } from 'zod'
import { AppError } from '../../../src-shared/errors.ts'
import { langOf, pageOf, platformOf, renderTrustPage } from '../../net/trust/page.ts'
import { TRUST_STYLE } from '../../net/trust/style.ts'
import { contentPolicy, PAGE_FORBIDS } from '../middleware/security-headers.ts'
import { writeAnswer } from './answer.ts'
import type { Call } from './call.ts'
import { type Route, route } from './route.ts'

const PAGE_POLICY = contentPolicy({
  'default-src': ["'none'"],
  'style-src': ["'self'"],
  'img-src': ['data:'],
  'form-action': ["'none'"],
  ...PAGE_FORBIDS,
})

/** How a device comes to trust the branch's https. They tell nothing of a branch but its authority's public side. */
export const trustRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/trust',
    tag: 'Network',
    permission: 'public',
    summary: 'A page that helps a device to trust the branch, in English and Arabic',
    query: z.object({
      lang: z.string().optional().describe('en or ar; Accept-Language without it'),
      from: z.string().optional().describe('Path of a page that somebody asked for by plain http'),
    }),
    answers: { 200: { description: 'The page', type: 'text/html' } },
    async handle(call) {
      const authority = await call.services.network().authority()
      const { httpsUrls, pageUrl } = addressesOf(call)
      const body = renderTrustPage({
        lang: langOf(call.query.get('lang'), call.header('accept-language')),
        platform: platformOf(call.header('user-agent') ?? ''),
        authority,
        secureUrls: httpsUrls,
        from: pageOf(call.query.get('from')),
        pageUrl,
      })
      const headers = ['Vary', 'Accept-Language, User-Agent']
      send(call, { type: 'text/html; charset=utf-8', body, policy: PAGE_POLICY, headers })
    },
  }),
  route({
    method: 'GET',
    path: '/trust/style.css',
    tag: 'Network',
    permission: 'public',
    summary: 'The looks of that page',
    answers: { 200: { description: 'CSS', type: 'text/css' } },
    handle: (call) => send(call, { type: 'text/css; charset=utf-8', body: TRUST_STYLE }),
  }),
  route({
    method: 'GET',
    path: '/trust/ca.crt',
    tag: 'Network',
    permission: 'public',
    summary: 'The certificate of the authority, as devices install it (DER)',
    answers: { 200: { description: 'The certificate', type: 'application/x-x509-ca-cert' } },
    errors: ['not-found'],
    async handle(call) {
      const authority = await call.services.network().authority()
      if (!authority) throw new AppError('not-found', 'The branch uses a certificate of its owner.')
      const headers = ['Content-Disposition', 'inline; filename="mishkah-branch.crt"']
      send(call, { type: 'application/x-x509-ca-cert', body: authority.der, headers })
    },
  }),
]

/** Where other devices find the branch by https, and its page of trust: from the machine's own addresses, never the Host header. */
export function addressesOf({ services }: Call): { httpsUrls: string[]; pageUrl: string | undefined } {
  const httpsPort = services.network().httpsPort()
  const addresses = services.addresses()
  const lan = addresses.filter(({ kind }) => kind === 'lan').map(({ url }) => url)
  const shown = lan.length > 0 ? lan : addresses.map(({ url }) => url)
  const httpsUrls = shown.map((url) => {
    const secure = new URL(url)
    secure.protocol = 'https:'
    secure.port = String(httpsPort)
    return secure.href
  })
  const [first] = lan
  return { httpsUrls: httpsPort === undefined ? [] : httpsUrls, pageUrl: first && `${first}/trust` }
}

interface Page {
  type: string
  body: string | Buffer
  policy?: readonly string[]
  headers?: string[]
}

function send(call: Call, page: Page): void {
  writeAnswer(call.response, { status: 200, cache: 'no-cache', ...page }, call.common)
}
