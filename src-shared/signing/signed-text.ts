/** Name of the header: `v1;<signer>;<instance>;<time>;<nonce>;<body hash>;<mac>`. */
export const SIGNATURE_HEADER = 'mishkah-signature'

/** What stands for a method where a socket is opened: its first message is the signature. */
export const SOCKET_METHOD = 'SOCKET'

/** Letters of a MAC before each later message of a signed socket, and the dot behind it. */
export const FRAME_MAC_LENGTH = 43

export interface SignedParts {
  method: string
  /** Path and query as they stand in the request line. */
  target: string
  /** Id of the paired device, or of a session of somebody who signed in on it. */
  signer: string
  /** Of this run of the server: what was signed for an earlier one is worth nothing now. */
  instanceId: string
  /** Milliseconds since 1970, of the device. */
  timeMs: number
  /** Never used twice by the device; 16 to 64 characters of base64url. */
  nonce: string
  /** SHA-256 of the body as sent, hex; of nothing for a request without one. */
  bodyHash: string
}

/** The text under the MAC: one part a line; no part can hold a line break. */
export function textToSign({ method, target, signer, instanceId, timeMs, nonce, bodyHash }: SignedParts): string {
  return ['mishkah-v1', method.toUpperCase(), target, signer, instanceId, timeMs, nonce, bodyHash].join('\n')
}

/** @param mac - Of `textToSign`, base64url. */
export function formatSignature({ signer, instanceId, timeMs, nonce, bodyHash }: SignedParts, mac: string): string {
  return ['v1', signer, instanceId, timeMs, nonce, bodyHash, mac].join(';')
}

/** Under the device's key this gives the key of one socket; the signature that opened it is like no other. */
export function socketKeyText(openingMac: string): string {
  return `mishkah-socket-v1\n${openingMac}`
}

/** Under the socket's key: which message it is of this socket, from 1, and what it says. */
export function frameTextToSign(count: number, frame: string): string {
  return `${count}\n${frame}`
}
