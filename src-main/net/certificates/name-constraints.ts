import { isIP } from 'node:net'

/** RFC 5280, 4.2.1.10. */
export const NAME_CONSTRAINTS_OID = '2.5.29.30'

/** Addresses that no certificate of the internet names: private, loopback and link-local ones (RFC 1918, 4193). */
export const PRIVATE_NETWORKS = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '127.0.0.0/8',
  '169.254.0.0/16',
  'fc00::/7',
  'fe80::/10',
  '::1/128',
] as const

const SEQUENCE = 0x30
const PERMITTED_SUBTREES = 0xa0
const DNS_NAME = 0x82
const IP_ADDRESS = 0x87

/**
 * The value of the extension: what an authority may vouch for and nothing else.
 *
 * @param dnsNames - Each with everything below it; `local` permits every name of mDNS.
 * @param networks - In CIDR form.
 */
export function encodeNameConstraints(dnsNames: readonly string[], networks: readonly string[]): Buffer<ArrayBuffer> {
  const bases = [
    ...dnsNames.map((name) => der(DNS_NAME, Buffer.from(name, 'ascii'))),
    ...networks.map((network) => der(IP_ADDRESS, encodeNetwork(network))),
  ]
  const subtrees = bases.map((base) => der(SEQUENCE, base))
  return der(SEQUENCE, der(PERMITTED_SUBTREES, Buffer.concat(subtrees)))
}

/** Whether a name lies below one of the permitted ones; the counterpart of `encodeNameConstraints` for names. */
export function isPermittedName(name: string, dnsNames: readonly string[]): boolean {
  return dnsNames.some((permitted) => name === permitted || name.endsWith(`.${permitted}`))
}

function der(tag: number, content: Buffer): Buffer<ArrayBuffer> {
  const { length } = content
  if (length > 0xffff) throw new Error('too long for a certificate')
  const head = length < 0x80 ? [length] : length <= 0xff ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...head]), content])
}

/** Address, then mask. */
function encodeNetwork(network: string): Buffer {
  const [address = '', prefix = ''] = network.split('/')
  const bytes = addressBytes(address)
  const mask = Buffer.alloc(bytes.length)
  for (let bit = 0; bit < Number(prefix); bit++) mask[bit >> 3]! |= 0x80 >> (bit & 7)
  return Buffer.concat([bytes, mask])
}

/** 4 or 16 bytes. */
function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number))
  const [head = '', tail = ''] = address.split('::')
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const [left, right] = [groups(head), groups(tail)]
  const filled = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right]
  return Buffer.from(filled.map((group) => group.padStart(4, '0')).join(''), 'hex')
}
