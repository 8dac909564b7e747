/** A device that a manager let in. */
export interface PairedDevice {
  id: string
  name: string
  /** What the device may do while nobody is signed in on it. */
  role: string
  /** Branches that it may enter; null is all. */
  branches: readonly string[] | null
}

export interface SignedInPerson {
  id: string
  /** What is typed to sign in. */
  user: string
  name: string
  role: string
  /** Words such as `write:orders`; docs/rules.md says what they mean. */
  permissions: readonly string[]
}

/** Somebody who can sign in on this device with a PIN. */
export type PersonChoice = Omit<SignedInPerson, 'permissions'>

/**
 * Where a device stands.
 *
 * ```
 *  unpaired ──secret──────────────────────────► paired ──sign in──► signed-in
 *     ▲  └──code──► waiting ──approved──────────►  ▲ ◄──sign out, session over─┘
 *     │                └──refused, ten minutes──► unpaired
 *     └────── (pair again) ── revoked ◄── paired, signed-in: a manager took the device away
 * ```
 */
export type AccessState =
  | { kind: 'unpaired' }
  /** A code was shown and somebody has to approve the device. `expiresAt` is ISO 8601. */
  | { kind: 'waiting'; expiresAt: string }
  | { kind: 'paired'; device: PairedDevice }
  /** Without a device: signed in with a password only. */
  | { kind: 'signed-in'; device: PairedDevice | undefined; person: SignedInPerson }
  | { kind: 'revoked'; device: PairedDevice }

/** One session of the server: tokens of the device, or of a person on it. */
export interface Grant {
  accessToken: string
  /** Milliseconds since 1970, by this device's clock. */
  expiresAt: number
  refreshToken: string
  /** Sent with the refresh token, always the same: a request whose answer was lost is answered again. */
  requestId: string
}

/** What outlives the page. */
export interface Kept {
  device?: Grant & { facts: PairedDevice }
  person?: Grant & { facts: SignedInPerson }
  /** Of a device that waits for its approval. */
  claim?: { claim: string; expiresAt: string }
  revoked?: PairedDevice
}

export function stateOf({ device, person, claim, revoked }: Kept): AccessState {
  if (claim) return { kind: 'waiting', expiresAt: claim.expiresAt }
  if (person) return { kind: 'signed-in', device: device?.facts, person: person.facts }
  if (device) return { kind: 'paired', device: device.facts }
  return revoked ? { kind: 'revoked', device: revoked } : { kind: 'unpaired' }
}
