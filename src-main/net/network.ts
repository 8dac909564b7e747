import type { Server } from 'node:http'
import type { Server as NetServer } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { AppError } from '../../src-shared/errors.ts'
import { listLanAddresses } from '../config/lan-addresses.ts'
import type { ServerOptions } from '../config/options.ts'
import type { ServerNotice } from '../config/services.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { openSecretFolder, type SecretStore } from '../lib/secret-folder.ts'
import { type Authority, type AuthorityFacts, type Credentials, openAuthority } from './certificates/authority.ts'
import { openOwnCertificate } from './certificates/own-certificate.ts'
import { type HttpsListener, listenHttps } from './https-listener.ts'

export interface Network {
  /** Where https is served; undefined while it is not. */
  httpsPort(): number | undefined
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
  /** Files of the data folder by default; Electron's key store can wrap them. */
  secrets?: SecretStore
  /** Addresses of real adapters; the machine's by default. */
  listAddresses?: () => string[]
}

/** Adapters come and go: conventions.md 1.4. */
const CHECK_EVERY_MS = 15_000
const CERTIFICATE_CHECK_MS = 3_600_000

/** Certificates and the https listener of one server. */
export function createNetwork(input: NetworkInput): Network {
  const { options, log, clock } = input
  const { https } = options
  const secrets = input.secrets ?? openSecretFolder(join(options.dataDir, 'config', 'tls'))
  const own = https?.own && openOwnCertificate(https.own)
  let opened: Promise<Authority> | undefined
  let listener: Promise<HttpsListener> | undefined
  let port: number | undefined
  let served: Credentials | undefined
  let namesAtCheck = ''
  let checkedAt = 0

  function authority(): Promise<Authority> {
    if (!opened) {
      const ownNames = hostNames(options)
      opened = openAuthority({ secrets, clock, label: `Mishkah branch at ${hostname()}`, ownNames })
      // A failure (a full disk) is not kept: the next caller tries again.
      opened.catch(() => {
        opened = undefined
      })
    }
    return opened
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
    checkedAt = clock.now()
    const { host } = options
    const { front, limit, checkEveryMs } = input
    const open = await listenHttps({ front, host, port: https.port, material: served, limit, checkEveryMs })
    port = open.port
    log.info('https', { port, notAfter: served.notAfter, names: served.names.join(' ') })
    return open
  }

  async function check(): Promise<void> {
    const open = await listener?.catch(() => undefined)
    if (!open) return
    const names = currentNames().join()
    if (!own && names === namesAtCheck && clock.now() - checkedAt < CERTIFICATE_CHECK_MS) return
    try {
      const fresh = await credentials()
      namesAtCheck = names
      checkedAt = clock.now()
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

  const timer = setInterval(() => void check(), CHECK_EVERY_MS)
  timer.unref()
  let closing: Promise<void> | undefined
  return {
    httpsPort: () => port,
    authority: async () => (own ? undefined : await authority()),
    async openHttps() {
      listener ??= listenNow()
      try {
        await listener
      } catch (error) {
        listener = undefined
        throw error
      }
    },
    check,
    close() {
      clearInterval(timer)
      closing ??= (async () => (await listener?.catch(() => undefined))?.close())()
      return closing
    },
  }
}

/** Names of this machine, without addresses. */
function hostNames({ allowedHosts = [] }: ServerOptions): string[] {
  const name = hostname().toLowerCase()
  return [name, `${name.replace(/\.local$/, '')}.local`, ...allowedHosts.map((host) => host.toLowerCase())]
}
