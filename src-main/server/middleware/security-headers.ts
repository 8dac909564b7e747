import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import helmet, { contentSecurityPolicy } from 'helmet'

type Middleware = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void

/** The headers that one of helmet's functions sets, as a flat list. Computed once: requests only copy the list. */
function headersOf(setHeaders: Middleware): string[] {
  const request = new IncomingMessage(new Socket())
  const response = new ServerResponse(request)
  const headers: string[] = []
  response.setHeader = (name, value) => {
    headers.push(name, String(value))
    return response
  }
  setHeaders(request, response, (error) => {
    if (error) throw error
  })
  return headers
}

const onEveryAnswer = helmet({
  contentSecurityPolicy: false,
  xFrameOptions: { action: 'deny' },
  referrerPolicy: { policy: 'no-referrer' },
  crossOriginResourcePolicy: { policy: 'same-origin' },
  // The branch is reached by http too, for pairing and /trust: a browser that remembers https alone could not come back.
  strictTransportSecurity: false,
  // Browsers complain about these two on plain http; pages set the first themselves.
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  // Only ever looked at by browsers that are gone.
  xDownloadOptions: false,
  xXssProtection: false,
  xDnsPrefetchControl: false,
})

/** On every answer: no sniffing, no framing, no referrer, no loading by other sites. */
export const SECURITY_HEADERS: readonly string[] = headersOf(onEveryAnswer)

/** Sources by directive, as the header writes them: `{"script-src": ["'self'"]}`. */
export type ContentDirectives = Readonly<Record<string, readonly string[]>>

/** What every page of ours forbids: plugins, another base, frames around it. */
export const PAGE_FORBIDS: ContentDirectives = {
  'object-src': ["'none'"],
  'base-uri': ["'none'"],
  'frame-ancestors': ["'none'"],
}

/** Answers that are no pages may load and do nothing. */
export const API_POLICY: readonly string[] = contentPolicy({
  'default-src': ["'none'"],
  'frame-ancestors': ["'none'"],
})

/** @returns Name and value of the header. Throws for a directive that helmet does not accept. */
export function contentPolicy(directives: ContentDirectives): [name: string, value: string] {
  const defaultSource = directives['default-src'] ?? contentSecurityPolicy.dangerouslyDisableDefaultSrc
  const [name, value] = headersOf(
    contentSecurityPolicy({ useDefaults: false, directives: { ...directives, 'default-src': defaultSource } }),
  )
  if (name === undefined || value === undefined) throw new Error('helmet gave no content policy')
  return [name, value.replaceAll(';', '; ')]
}
