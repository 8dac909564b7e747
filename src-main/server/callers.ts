import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isIPv4, type Socket } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import { AppError } from '../../src-shared/errors.ts'
import { isLoopbackHost } from '../config/lan-addresses.ts'
import { findDoubledHeader } from './middleware/doubled-headers.ts'
import { trustProxies } from './middleware/trusted-proxy.ts'

/** Who asks, as far as the network and the request's headers tell. */
export interface NetworkCaller {
  /** Without the IPv4-in-IPv6 prefix: of the peer, or of the client that a trusted proxy names. */
  address: string
  /** The client speaks TLS with this server, or with a trusted proxy in front of it. */
  isSecure: boolean
  /** The request comes from this machine and no proxy stands between. */
  isLoopback: boolean
  /** A private address of the local network (loopback included) and no proxy stands between. */
  isPrivate: boolean
  /** The desktop's own window: it proved itself with the desktop's token. */
  isDesktop: boolean
  /** The allowed Origin as sent; null without one. */
  origin: string | null
  /** The Origin is this server's own (no CORS headers needed). */
  isSameOrigin: boolean
}

export type Admission = { kind: 'refused'; error: AppError } | { kind: 'admitted'; caller: NetworkCaller }

export interface CallerSettings {
  /** Address the server listens on. */
  host: string
  /** Devices with private addresses are admitted without signing in. */
  openLan: boolean
  /** Secret of the window of this machine: `Authorization: Bearer` or the sub-protocol `bearer.<token>`. */
  desktopToken?: string
  /** More names under which this server may be addressed, without port. */
  allowedHosts?: readonly string[]
  /** More origins whose pages may call, such as http://localhost:5173. */
  allowedOrigins?: readonly string[]
  /** Reverse proxies that are believed: addresses or networks in CIDR form. None unless told. */
  trustProxy?: readonly string[]
  /** Nobody has to sign in yet, so that the address decides. True unless told. */
  isOpen?: () => boolean
  /** The machine's names and addresses; for tests. */
  ownNames?: () => string[]
}

export interface Callers {
  /**
   * Decides about a request or an upgrade before anything else looks at it: Host, then Origin, then the address.
   * Refusals are `invalid-request` (400), `host-not-allowed`, `origin-not-allowed` (403) and `unauthorized` (401).
   */
  admit(request: IncomingMessage): Admission
  /** The same without the check of the address: health checks and CORS preflights, which tell nothing of a branch. */
  admitAnyone(request: IncomingMessage): Admission
  /** Host names (lower case, no port) under which the server answers now. */
  allowedHosts(): string[]
  /** Origins allowed beside the server's own. */
  allowedOrigins(): string[]
  /** Learned after listening; a page of our own has this port. */
  setPort(port: number): void
}

/** The window's scheme; counts as our own only together with the desktop's token. */
export const DESKTOP_ORIGIN = 'app://console'

const OWN_NAMES_TTL_MS = 15_000
const MAX_REMEMBERED_HOSTS = 200
const FORWARDED_HEADERS = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
] as const

/** `192.168.1.5:3200` -> `192.168.1.5`; `[::1]:3200` -> `::1`. Undefined when it is no host. */
export function hostNameOf(hostHeader: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?))(?::\d{1,5})?$/i.exec(hostHeader)
  return (match?.[1] ?? match?.[2])?.toLowerCase()
}

export function isLoopbackAddress(address: string): boolean {
  return address === '::1' || (isIPv4(address) && address.startsWith('127.'))
}

/** RFC 1918, link-local and unique local addresses, and loopback. */
export function isPrivateAddress(address: string): boolean {
  if (isLoopbackAddress(address)) return true
  if (!isIPv4(address)) return /^(f[cd]|fe[89ab])/i.test(address)
  if (address.startsWith('10.') || address.startsWith('192.168.') || address.startsWith('169.254.')) return true
  return /^172\.(1[6-9]|2\d|3[01])\./.test(address)
}

/** Every name and address of this machine, loopback included. */
function listOwnNames(): string[] {
  const name = hostname().toLowerCase()
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  return [name, `${name.replace(/\.local$/, '')}.local`, ...addresses.map(({ address }) => address.split('%')[0] ?? '')]
}

/** Of the other end, without the IPv4-in-IPv6 prefix; empty once the socket is gone. */
export function peerAddress({ remoteAddress = '' }: Pick<Socket, 'remoteAddress'>): string {
  return remoteAddress.replace(/^::ffff:/i, '')
}

interface SocketFacts {
  address: string
  isLoopback: boolean
  isPrivate: boolean
  isSecure: boolean
}

/**
 * The one place that decides who may talk to the server at all. Both doors (HTTP and WebSocket) ask it, so that DNS
 * rebinding and cross-site pages meet the same wall.
 */
export function createCallers(settings: CallerSettings): Callers {
  const origins = new Set((settings.allowedOrigins ?? []).map((origin) => origin.toLowerCase().replace(/\/$/, '')))
  const proxies = trustProxies(settings.trustProxy ?? [])
  const sockets = new WeakMap<Socket, SocketFacts>()
  const remembered = new Map<string, boolean>()
  let names = new Set<string>()
  let namesReadAt = Number.NEGATIVE_INFINITY
  // Nobody can sign in yet: whoever makes the server listen on the network means its devices to be served.
  const servesNetwork = settings.openLan || !isLoopbackHost(settings.host)
  let port = 0

  function currentNames(): Set<string> {
    const now = performance.now()
    if (now - namesReadAt > OWN_NAMES_TTL_MS) {
      const configured = [...(settings.allowedHosts ?? []), settings.host].map((name) => name.toLowerCase())
      const own = (settings.ownNames ?? listOwnNames)().map((name) => name.toLowerCase())
      names = new Set([...configured, ...own, 'localhost', '127.0.0.1', '::1'])
      names.delete('0.0.0.0')
      names.delete('::')
      names.delete('')
      remembered.clear()
      namesReadAt = now
    }
    return names
  }

  function isOwnHost(hostHeader: string): boolean {
    const own = currentNames()
    const known = remembered.get(hostHeader)
    if (known !== undefined) return known
    const name = hostNameOf(hostHeader)
    const answer = name !== undefined && (own.has(name) || (isIPv4(name) && isLoopbackAddress(name)))
    if (remembered.size < MAX_REMEMBERED_HOSTS) remembered.set(hostHeader, answer)
    return answer
  }

  /**
   * Our own pages: any of our names with the port of the request, or with the port that we listen on. A page that came by
   * plain http may have been changed on its way: to a request by https it is none of ours.
   */
  function isOwnOrigin(origin: string, hostHeader: string, isSecure: boolean): boolean {
    if (isSecure && origin.toLowerCase().startsWith('http:')) return false
    if (origin === `http://${hostHeader}` || origin === `https://${hostHeader}`) return true
    const match = /^https?:\/\/([^/]+)$/i.exec(origin)
    const originHost = match?.[1]
    if (originHost === undefined || !isOwnHost(originHost)) return false
    return portOf(originHost) === (port || portOf(hostHeader))
  }

  function factsOf(socket: Socket): SocketFacts {
    const known = sockets.get(socket)
    if (known) return known
    const address = peerAddress(socket).split('%')[0] ?? ''
    const isSecure = 'encrypted' in socket
    const facts = { address, isLoopback: isLoopbackAddress(address), isPrivate: isPrivateAddress(address), isSecure }
    sockets.set(socket, facts)
    return facts
  }

  /** Who sent the request, seen through the proxies. Throws `invalid-request`. */
  function senderOf(request: IncomingMessage): SocketFacts {
    const { headers } = request
    const peer = factsOf(request.socket)
    if (!FORWARDED_HEADERS.some((name) => headers[name] !== undefined)) return peer
    const client = proxies.includes(peer.address) ? proxies.read(headers) : undefined
    if (!client) return { ...peer, isLoopback: false, isPrivate: false }
    return { ...client, isLoopback: false, isPrivate: isPrivateAddress(client.address) }
  }

  /** Undefined: the page may not call. Otherwise whether it is one of our own. */
  function judgeOrigin(
    request: IncomingMessage,
    host: string,
    isDesktop: boolean,
    isSecure: boolean,
  ): boolean | undefined {
    const { origin, 'sec-fetch-site': site, 'sec-fetch-mode': mode } = request.headers
    if (origin === undefined) return isCrossSiteLoad(site, mode) ? undefined : true
    if (isOwnOrigin(origin, host, isSecure)) return true
    const isPreflight = request.method === 'OPTIONS' && settings.desktopToken !== undefined
    const isAllowed = origin === DESKTOP_ORIGIN ? isDesktop || isPreflight : origins.has(origin.toLowerCase())
    return isAllowed ? false : undefined
  }

  function decide(request: IncomingMessage, isForAnyone: boolean): Admission {
    const { headers } = request
    const doubled = findDoubledHeader(request.rawHeaders)
    if (doubled !== undefined) return refuse('invalid-request', `The header ${doubled} is sent more than once.`)
    if (headers.host === undefined || !isOwnHost(headers.host)) {
      return refuse('host-not-allowed', 'The Host header names no address of this server.')
    }
    const isDesktop = hasDesktopToken(request, settings.desktopToken)
    const { address, isLoopback, isPrivate, isSecure } = senderOf(request)
    const isSameOrigin = judgeOrigin(request, headers.host, isDesktop, isSecure)
    if (isSameOrigin === undefined)
      return refuse('origin-not-allowed', 'Pages of this origin may not call this server.')

    const isOpen = settings.isOpen?.() ?? true
    if (isOpen && !isForAnyone && !isDesktop && !isLoopback && !(isPrivate && servesNetwork)) {
      return refuse('unauthorized', 'This server does not serve other devices without signing in.')
    }
    const origin = headers.origin ?? null
    return {
      kind: 'admitted',
      caller: { address, isSecure, isLoopback, isPrivate, isDesktop, origin, isSameOrigin },
    }
  }

  /** A header that cannot be read is a refusal like the others. */
  function decideOrRefuse(request: IncomingMessage, isForAnyone: boolean): Admission {
    try {
      return decide(request, isForAnyone)
    } catch (error) {
      if (error instanceof AppError) return { kind: 'refused', error }
      throw error
    }
  }

  return {
    admit: (request) => decideOrRefuse(request, false),
    admitAnyone: (request) => decideOrRefuse(request, true),
    allowedHosts: () => [...currentNames()],
    allowedOrigins: () => [...origins],
    setPort: (value) => {
      port = value
    },
  }
}

type Refusal = 'invalid-request' | 'host-not-allowed' | 'origin-not-allowed' | 'unauthorized'

function refuse(code: Refusal, message: string): Admission {
  return { kind: 'refused', error: new AppError(code, message) }
}

/** A page of another site embeds us (image, script, frame): such requests carry no Origin. Opening a link is fine. */
function isCrossSiteLoad(site: string | string[] | undefined, mode: string | string[] | undefined): boolean {
  return (site === 'cross-site' || site === 'same-site') && mode !== 'navigate'
}

function portOf(host: string): number {
  const digits = /:(\d+)$/.exec(host)?.[1]
  return digits === undefined ? 80 : Number(digits)
}

function hasDesktopToken(request: IncomingMessage, expected: string | undefined): boolean {
  if (expected === undefined || expected === '') return false
  const { authorization } = request.headers
  const given =
    (authorization && /^Bearer +(\S+)$/i.exec(authorization)?.[1]) ??
    /(?:^|[\s,])bearer\.([^\s,]+)/.exec(request.headers['sec-websocket-protocol'] ?? '')?.[1]
  if (!given) return false
  const left = Buffer.from(given)
  const right = Buffer.from(expected)
  return left.length === right.length && timingSafeEqual(left, right)
}
