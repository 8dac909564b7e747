/**
 * Versions of the socket and REST protocol, one line of history each.
 *
 * 1: the specification's messages, as clients in the field send them without declaring a version.
 * 2: cursors and epochs, snapshot parts, grouped events, correlated errors, idempotency by clientId.
 */
export const PROTOCOLS = [1, 2] as const
export type ProtocolVersion = (typeof PROTOCOLS)[number]
