/**
 * Reads the pairing secret out of what a camera saw or a link carries: the JSON of the QR code, an address with
 * `#pair=<secret>`, or the secret itself.
 *
 * @returns Undefined when there is none.
 */
export function pairingSecretOf(text: string): string | undefined {
  const linked = /[#&]pair=([\w-]+)/.exec(text)?.[1]
  if (linked) return linked
  const told = /"secret"\s*:\s*"([\w-]+)"/.exec(text)?.[1]
  return told ?? /^\s*([\w-]{20,})\s*$/.exec(text)?.[1]
}
