import makeMdns, { type MulticastDNS, type QueryPacket } from 'multicast-dns'
import type { Log } from '../../lib/log.ts'

/** What devices of the network learn before they connect. */
export interface Announcement {
  /** Shown by whatever lists services; unique in the network. */
  instance: string
  /** Ends with `.local`. */
  host: string
  port: number
  /** Each at most 255 bytes with its name. */
  txt: Readonly<Record<string, string>>
}

export interface Announcer {
  /** Joins new addresses, leaves lost ones, announces what changed. */
  refresh(announcement: Announcement, addresses: readonly string[]): void
  /** Says goodbye, so that nobody shows a branch that is gone. May be called twice. */
  close(): Promise<void>
}

export const SERVICE_TYPE = '_mishkah._tcp.local'
/** RFC 6763, 9: asks which types of services there are. */
const TYPE_ENUMERATION = '_services._dns-sd._udp.local'
const TTL_SECONDS = 120
const MDNS_PORT = 5353
const GOODBYE_MS = 500

type Answers = NonNullable<
  Parameters<MulticastDNS['respond']>[0] extends infer R ? (R extends { answers: infer A } ? A : never) : never
>

/**
 * Answers for one service by mDNS (RFC 6762, 6763), with a socket for each address: a device must learn the address of
 * the network that it stands in, not one of a neighbouring one.
 *
 * @param port - Of mDNS; another one only in tests.
 */
export function openAnnouncer(log: Log, port = MDNS_PORT): Announcer {
  const sockets = new Map<string, MulticastDNS>()
  let current: Announcement | undefined
  let closing: Promise<void> | undefined

  function join(address: string): void {
    // Bound to every address: a socket that is bound to one does not hear multicast on Linux.
    const mdns = makeMdns({ interface: address, bind: '0.0.0.0', port })
    sockets.set(address, mdns)
    mdns.on('error', (error) => {
      log.warn('mdns-failed', { address, error })
      leave(address)
    })
    mdns.on('warning', (error) => log.debug('mdns-warning', { address, error }))
    mdns.on('query', (query: QueryPacket, from) => {
      const answers = current && answersTo(query, current, address)
      if (!answers) return
      mdns.respond({ answers })
      // Whoever asks from another port hears no multicast: RFC 6762, 6.7.
      if (from.port !== port) mdns.respond({ answers }, from)
    })
    mdns.on('ready', () => current && mdns.respond({ answers: recordsOf(current, address, TTL_SECONDS) }))
  }

  function leave(address: string): void {
    sockets.get(address)?.destroy()
    sockets.delete(address)
  }

  async function sayGoodbye(announcement: Announcement | undefined): Promise<void> {
    const goodbyes = [...sockets].map(
      ([address, mdns]) =>
        new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, GOODBYE_MS)
          const done = (): void => {
            clearTimeout(timer)
            mdns.destroy(() => resolve())
          }
          if (announcement) mdns.respond({ answers: recordsOf(announcement, address, 0) }, done)
          else done()
        }),
    )
    await Promise.all(goodbyes)
    sockets.clear()
  }

  return {
    refresh(announcement, addresses) {
      if (closing) return
      const before = JSON.stringify(current)
      const old = current
      current = announcement
      for (const address of sockets.keys()) if (!addresses.includes(address)) leave(address)
      if (before !== undefined && before !== JSON.stringify(announcement)) {
        for (const [address, mdns] of sockets) {
          if (old && old.instance !== announcement.instance) mdns.respond({ answers: recordsOf(old, address, 0) })
          mdns.respond({ answers: recordsOf(announcement, address, TTL_SECONDS) })
        }
      }
      for (const address of addresses) if (!sockets.has(address)) join(address)
    },
    close: () => (closing ??= sayGoodbye(current)),
  }
}

function recordsOf({ instance, host, port, txt }: Announcement, address: string, ttl: number): Answers {
  const name = `${instance}.${SERVICE_TYPE}`
  return [
    { name: SERVICE_TYPE, type: 'PTR', ttl, data: name },
    { name, type: 'SRV', ttl, flush: true, data: { port, target: host, priority: 0, weight: 0 } },
    { name, type: 'TXT', ttl, flush: true, data: Object.entries(txt).map(([key, value]) => `${key}=${value}`) },
    { name: host, type: 'A', ttl, flush: true, data: address },
  ] as Answers
}

/** Everything that belongs together at once: it is four small records. Undefined when nobody asked for us. */
function answersTo({ questions }: QueryPacket, announcement: Announcement, address: string): Answers | undefined {
  const names = new Set([SERVICE_TYPE, `${announcement.instance}.${SERVICE_TYPE}`, announcement.host].map(lowerCase))
  const asked = questions.map(({ name }) => lowerCase(name))
  if (asked.some((name) => names.has(name))) return recordsOf(announcement, address, TTL_SECONDS)
  if (!asked.includes(TYPE_ENUMERATION)) return undefined
  return [{ name: TYPE_ENUMERATION, type: 'PTR', ttl: TTL_SECONDS, data: SERVICE_TYPE }] as Answers
}

function lowerCase(name: string): string {
  return name.toLowerCase()
}
