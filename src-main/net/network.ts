import type { Server } from 'node:http'
import type { Server as NetServer } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { HOUR_MS } from '../../src-shared/durations.ts'
import { AppError } from '../../src-shared/errors.ts'
import { PROTOCOLS } from '../../src-shared/protocol/version.ts'
import { isLoopbackHost, listLanAddresses } from '../config/lan-addresses.ts'
import type { ServerOptions } from '../config/options.ts'
import type { ServerNotice } from '../config/services.ts'
import { type Clock, elapsedMs } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { openSecretFolder, type SecretStore } from '../lib/secret-folder.ts'
import { type Authority, type AuthorityFacts, type Credentials, openAuthority } from './certificates/authority.ts'
import { isReadableByOthers, openOwnCertificate } from './certificates/own-certificate.ts'
import { type KeyBox, sealKeys } from './certificates/sealed-keys.ts'
import { type AddressMemory, openAddressMemory } from './discovery/address-memory.ts'
import { type HttpsListener, listenHttps } from './https-listener.ts'

export interface Network {
  /** Where https is served; undefined while it is not. */
  httpsPort(): number | undefined
  /** What https shows to devices now; undefined while it is not served. */
  certificate(): Pick<Credentials, 'notAfter' | 'names'> | undefined
  /** Addresses of real adapters. */
  addresses(): string[]
  isAnnounced(): boolean
  /** What devices are to trust; undefined with a certificate of the owner's. Made when it is asked for first. */
  authority(): Promise<AuthorityFacts | undefined>
  /**
   * Serves https from now on. May be called twice.
   *
   * @throws AppError `port-in-use`, `certificate-unusable`.
   */
  openHttps(): Promise<void>
  /** Looks whether addresses or certificates changed; done by itself every 15 seconds. */
  check(): Promise<void>
  close(): Promise<void>
}

export interface NetworkInput {
  options: ServerOptions
  /** The plain server that answers everything. */
  front: Server
  log: Log
  clock: Clock
  notify(notice: ServerNotice): void
  limit(server: NetServer): void
  checkEveryMs: number
  /** Files of the data folder by default. */
  secrets?: SecretStore
  /** Seals the private keys among them; without it they are files of mode 0600. */
  box?: KeyBox | undefined
  /** Who we are to other devices; asked at each look. */
  identity(): { port: number; serverId: string; branchIds: readonly string[] }
  /** Addresses of real adapters; the machine's by default. */
  listAddresses?: () => string[]
}

/** Adapters come and go: conventions.md 1.4. */
const CHECK_EVERY_MS = 15_000
const CERTIFICATE_CHECK_MS = HOUR_MS
const KEY_READABLE = 'Every user of this computer may read the file of --tls-key: take that right away (chmod o-rwx).'
const KEYS_IN_CLEAR =
  'The keys of https lie in files that only the user of this server may read; no key store is in use.'

/** Certificates, the https listener and the announcement of one server. */
export function createNetwork(input: NetworkInput): Network {
  const { options, log, clock } = input
  const { https } = options
  const files = input.secrets ?? openSecretFolder(join(options.dataDir, 'config', 'tls'))
  const secrets = sealKeys(files, input.box, (name) => {
    const message =
      'A key for https could not be opened and was made anew: devices have to trust the branch again (/trust).'
    log.warn('tls-keys-made-anew', { name, message })
    input.notify({ kind: 'problem', code: 'tls-keys-made-anew', message })
  })
  const own = https?.own && openOwnCertificate(https.own)
  const servesNetwork = !isLoopbackHost(options.host)
  // Loaded where it is needed: most starts of a test and of a till's own PC serve loopback only.
  const announcer =
    options.mdns && servesNetwork
      ? import('./discovery/announcer.ts').then(({ openAnnouncer }) => openAnnouncer(log))
      : undefined
  const memory = servesNetwork ? openAddressMemory(join(options.dataDir, 'config', 'addresses.json')) : undefined
  const shortName = hostname().toLowerCase().split('.')[0] ?? 'branch'
  let opened: Promise<Authority> | undefined
  let listener: Promise<HttpsListener> | undefined
  let port: number | undefined
  let served: Credentials | undefined
  let namesAtCheck = ''
  let checkedAt = 0

  function authority(): Promise<Authority> {
    if (!opened) {
      const ownNames = hostNames(options)
      const label = `Mishkah branch at ${hostname()}`
      opened = openAuthority({ secrets, clock, label, ownNames, onReplaced: noteReplaced })
      // A failure (a full disk) is not kept: the next caller tries again.
      opened.catch(() => {
        opened = undefined
      })
    }
    return opened
  }

  function noteReplaced({ keptAs }: { keptAs: string }): void {
    const message =
      'The authority for https could not be used and another one was made: devices have to trust the branch again (/trust). ' +
      `If only the clock was wrong, stop the server and put config/tls/${keptAs}.* back (docs/security.md).`
    log.error('tls-authority-replaced', { keptAs, message })
    input.notify({ kind: 'problem', code: 'tls-authority-replaced', message })
  }

  function currentNames(): string[] {
    return [...hostNames(options), ...(input.listAddresses ?? listLanAddresses)()]
  }

  async function credentials(): Promise<Credentials> {
    return own ? await own.read() : await (await authority()).credentialsFor(currentNames())
  }

  async function listenNow(): Promise<HttpsListener> {
    if (!https) throw new AppError('certificate-unusable', 'https is switched off.')
    served = await credentials()
    namesAtCheck = currentNames().join()
    checkedAt = elapsedMs(clock)
    const { host } = options
    const { front, limit, checkEveryMs } = input
    const open = await listenHttps({ front, host, port: https.port, material: served, limit, checkEveryMs })
    port = open.port
    log.info('https', { port, notAfter: served.notAfter, names: served.names.join(' ') })
    if (https.own && (await isReadableByOthers(https.own.keyFile)))
      log.warn('tls-key-readable', { message: KEY_READABLE })
    if (!own && !input.box) log.warn('tls-keys-in-clear', { message: KEYS_IN_CLEAR })
    const fingerprint = (own ? undefined : await authority())?.fingerprint ?? null
    input.notify({ kind: 'https', urls: secureUrls(port), fingerprint })
    return open
  }

  function secureUrls(openPort: number): string[] {
    const addresses = servesNetwork ? (input.listAddresses ?? listLanAddresses)() : []
    return (addresses.length > 0 ? addresses : ['localhost']).map((address) => `https://${address}:${openPort}`)
  }

  /** Tells devices of the network where we are now. */
  async function announce(): Promise<void> {
    if (!announcer && !memory) return
    const addresses = (input.listAddresses ?? listLanAddresses)()
    if (memory) noteAddresses(memory, addresses)
    if (!announcer) return
    const { port: plainPort, serverId, branchIds } = input.identity()
    const fingerprint = (own ? undefined : await authority())?.fingerprint
    const txt = {
      id: serverId,
      branch: branchIds.join(','),
      protocol: PROTOCOLS.join(','),
      ...(fingerprint && { fingerprint }),
      ...(port !== undefined && { https: String(port) }),
    }
    const { refresh } = await announcer
    refresh({ instance: `Mishkah ${shortName}`, host: `${shortName}.local`, port: plainPort, txt }, addresses)
  }

  /** Tablets that know only the old address cannot find us: somebody has to hear of it. */
  function noteAddresses(known: AddressMemory, addresses: readonly string[]): void {
    const before = known.note(addresses)
    if (!before) return
    log.warn('address-changed', { before: before.join(' '), now: addresses.join(' ') })
    const message =
      `The address of this computer changed from ${before.join(', ')} to ${addresses.join(', ')}. ` +
      'Tablets that do not find it need the new one; a fixed address (DHCP reservation) in the router prevents this.'
    input.notify({ kind: 'problem', code: 'address-changed', message })
  }

  async function look(): Promise<void> {
    try {
      await announce()
    } catch (error) {
      log.warn('announcement-failed', { error })
    }
    await checkCertificate()
  }

  async function checkCertificate(): Promise<void> {
    const open = await listener?.catch(() => undefined)
    if (!open) return
    const names = currentNames().join()
    if (!own && names === namesAtCheck && elapsedMs(clock) - checkedAt < CERTIFICATE_CHECK_MS) return
    try {
      const fresh = await credentials()
      namesAtCheck = names
      checkedAt = elapsedMs(clock)
      if (fresh.cert === served?.cert) return
      open.update(fresh)
      served = fresh
      log.info('certificate-renewed', { notAfter: fresh.notAfter, names: fresh.names.join(' ') })
      input.notify({ kind: 'problem-solved', code: 'certificate-unusable' })
    } catch (error) {
      log.error('certificate-failed', { error })
      const message = error instanceof AppError ? error.message : 'The certificate for https could not be renewed.'
      input.notify({ kind: 'problem', code: 'certificate-unusable', message })
    }
  }

  let looking = Promise.resolve()
  /** One look after the other: two would make two certificates. */
  function check(): Promise<void> {
    looking = looking.then(look)
    return looking
  }

  void check()
  const timer = setInterval(() => void check(), CHECK_EVERY_MS)
  timer.unref()
  let closing: Promise<void> | undefined
  return {
    httpsPort: () => port,
    certificate: () => served,
    addresses: () => (input.listAddresses ?? listLanAddresses)(),
    isAnnounced: () => announcer !== undefined,
    authority: async () => (own ? undefined : await authority()),
    async openHttps() {
      listener ??= listenNow()
      try {
        await listener
        void check()
      } catch (error) {
        listener = undefined
        throw error
      }
    },
    check,
    close() {
      clearInterval(timer)
      closing ??= (async () => {
        await looking
        await (await announcer)?.close()
        await (await listener?.catch(() => undefined))?.close()
      })()
      return closing
    },
  }
}

/** Names of this machine, without addresses. */
function hostNames({ allowedHosts = [] }: ServerOptions): string[] {
  const name = hostname().toLowerCase()
  return [name, `${name.replace(/\.local$/, '')}.local`, ...allowedHosts.map((host) => host.toLowerCase())]
}
