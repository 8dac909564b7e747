import { createDeviceSession, type PairedDevice, pairingSecretOf } from '../sdk.ts'

/** The session of this device; all tabs of the browser share what it keeps. */
export const deviceSession = createDeviceSession()

/** Taken out of the address before anything can keep, share or bookmark it. */
const linkedSecret = takeLinkedSecret()
let linkedPairing: Promise<PairedDevice> | undefined

function takeLinkedSecret(): string | undefined {
  const { hash, pathname, search } = window.location
  const secret = pairingSecretOf(hash)
  if (secret !== undefined) window.history.replaceState(null, '', pathname + search)
  return secret
}

/** Pairs with the secret of the link that opened the page, once. Undefined when the link had none. */
export function pairByLink(name: string): Promise<PairedDevice> | undefined {
  if (linkedSecret === undefined) return undefined
  linkedPairing ??= deviceSession.pair({ secret: linkedSecret }, name)
  return linkedPairing
}
