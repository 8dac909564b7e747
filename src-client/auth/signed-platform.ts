import { browserPlatform } from '../lib/browser-platform.ts'
import type { Platform } from '../lib/platform.ts'
import { type Signer, signedFetch, signSocket } from './sign.ts'

/** What `createStore` takes as `platform` on a page of plain http whose device signs: everything it sends is signed. */
export function signedPlatform(signer: Signer): Platform {
  const ask = signedFetch(signer)
  return {
    ...browserPlatform(),
    openSocket: (url) => signSocket(new WebSocket(url), url, signer),
    fetch: (path) => ask(path, { headers: { 'Mishkah-Protocol': '2' } }),
  }
}
