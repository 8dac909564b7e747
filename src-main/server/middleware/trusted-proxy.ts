import type { IncomingHttpHeaders } from 'node:http'
import { BlockList, isIP, isIPv4 } from 'node:net'
import { AppError } from '../../../src-shared/errors.ts'

/** Where a request came from when a proxy that we trust passed it on. */
export interface ForwardedClient {
  /** Of the client, or of the nearest proxy that is not ours. */
  address: string
  /** The proxy says that the client used https. */
  isSecure: boolean
}

export interface TrustedProxies {
  /** The peer is one of the configured proxies. */
  includes(address: string): boolean
  /**
   * Reads who stands before a trusted proxy.
   *
   * The lists are read from the right: every hop appends the address that it saw, so what stands right of the first
   * address that is not ours was written by our own proxies, and what stands left of it by anyone.
   *
   * @returns Undefined when the proxy names nobody: then it asks for itself (a health check).
   * @throws AppError `invalid-request` when a header is malformed, or when Forwarded and X-Forwarded-For disagree: a
   * proxy that writes one of them passes on the other as the client wrote it.
   */
  read(headers: IncomingHttpHeaders): ForwardedClient | undefined
}

/** @param networks - Addresses, or networks in CIDR form; an empty list trusts nobody. */
export function trustProxies(networks: readonly string[]): TrustedProxies {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', prefix] = network.split('/')
    const family = isIPv4(address) ? 'ipv4' : 'ipv6'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  const includes = (address: string): boolean =>
    networks.length > 0 && isIP(address) !== 0 && list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')

  /** Right to left: the first that is not ours, else the leftmost. */
  function clientOf(hops: readonly string[]): string | undefined {
    return hops.findLast((hop) => !includes(hop)) ?? hops[0]
  }

  return {
    includes,
    read(headers) {
      const simple = hopsOfForwardedFor(headers['x-forwarded-for'])
      const standard = elementsOfForwarded(headers.forwarded)
      const addresses = [clientOf(simple), clientOf(standard.map(({ address }) => address))]
      const [first, second] = addresses.filter((address) => address !== undefined)
      if (first === undefined) return undefined
      if (second !== undefined && second !== first) throw malformed('Forwarded and X-Forwarded-For name two clients.')
      const own = standard.findLast(({ address }) => address === first)
      return { address: first, isSecure: (own?.proto ?? protoOf(headers['x-forwarded-proto'])) === 'https' }
    },
  }
}

function malformed(message: string): AppError {
  return new AppError('invalid-request', message)
}

/** `203.0.113.7, 10.0.0.2`; a hop may carry a port, version 6 brackets. */
function hopsOfForwardedFor(header: string | string[] | undefined): string[] {
  if (header === undefined) return []
  return String(header)
    .split(',')
    .map((hop) => parseNode(hop.trim()))
}

/** RFC 7239: `for="[2001:db8::1]:4711";proto=https, for=10.0.0.2`. Elements without `for` tell nothing of a client. */
function elementsOfForwarded(header: string | string[] | undefined): { address: string; proto: string | undefined }[] {
  if (header === undefined) return []
  const elements: { address: string; proto: string | undefined }[] = []
  for (const element of String(header).split(',')) {
    const pairs = new Map<string, string>()
    for (const pair of element.split(';')) {
      const match = /^\s*([a-z]+)=(?:"([^"\\]*)"|([^\s";,]+))\s*$/i.exec(pair)
      const name = match?.[1]?.toLowerCase()
      if (!match || name === undefined || pairs.has(name)) throw malformed('The header Forwarded cannot be read.')
      pairs.set(name, match[2] ?? match[3] ?? '')
    }
    const node = pairs.get('for')
    if (node !== undefined) elements.push({ address: parseNode(node), proto: pairs.get('proto')?.toLowerCase() })
  }
  return elements
}

/** Several are the client's and then the proxy's: nothing that a client could have written counts. */
function protoOf(header: string | string[] | undefined): string | undefined {
  const text = header === undefined ? undefined : String(header).trim().toLowerCase()
  if (text === undefined || text === 'http' || text === 'https') return text
  throw malformed('The header X-Forwarded-Proto must be http or https, once.')
}

/** An address, without port, brackets and the IPv4-in-IPv6 prefix. Hidden names (`unknown`, `_abc`) are no addresses. */
function parseNode(text: string): string {
  const match = /^(?:\[([0-9a-f:.]+)\](?::\d{1,5})?|([0-9.]+)(?::\d{1,5})?|([0-9a-f:.]+))$/i.exec(text)
  const address = (match?.[1] ?? match?.[2] ?? match?.[3] ?? '').toLowerCase().replace(/^::ffff:(?=\d+\.)/, '')
  if (isIP(address) !== 0) return address
  throw malformed('A forwarded address is not an address.')
}
