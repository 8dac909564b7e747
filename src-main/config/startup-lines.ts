import { isLoopbackHost, listLanUrls } from './lan-addresses.ts'
import type { Launch } from './options.ts'

export interface StartupLine {
  level: 'info' | 'warn'
  event: string
  message: string
}

/**
 * What a person needs to know once the server listens: the console, who can reach it, and what that means.
 *
 * @param url - The address for this machine.
 * @param isOpen - No manager exists yet.
 */
export function startupLines(
  launch: Launch,
  url: string,
  port: number,
  addresses?: string[],
  isOpen = true,
): StartupLine[] {
  const { host, dataDir, openLan, openLanRole, signedHttp } = launch.server
  const lines: StartupLine[] = [
    { level: 'info', event: 'console', message: `Console: ${url}/console/` },
    { level: 'info', event: 'data-folder', message: `Data folder: ${dataDir}` },
  ]
  if (isLoopbackHost(host)) {
    const why = launch.isHostGiven || !isOpen ? 'as asked' : 'since nobody can sign in yet'
    const advice = 'use --host or MISHKAH_OPEN_LAN=1 to serve the network'
    lines.push({ level: 'info', event: 'loopback-only', message: `Listening on ${host} only, ${why}; ${advice}.` })
  } else {
    const urls = listLanUrls(host, port, addresses)
    const where = urls.length > 0 ? urls.join('  ') : 'no network is connected right now'
    lines.push({ level: 'info', event: 'network', message: `On the network: ${where}` })
    if (isOpen)
      lines.push({
        level: 'warn',
        event: 'everyone-is-administrator',
        message: 'Nobody can sign in yet: everyone who is admitted is an administrator.',
      })
  }
  if (openLan) {
    const message = `Open LAN: once people exist, devices with private addresses are admitted without signing in, as ${openLanRole}.`
    lines.push({ level: 'warn', event: 'open-lan', message })
  }
  if (signedHttp) {
    const message =
      'Signed http: paired devices may use plain http; what they send and read can be heard on the network.'
    lines.push({ level: 'warn', event: 'signed-http', message })
  }
  for (const message of launch.warnings) lines.push({ level: 'warn', event: 'option', message })
  return lines
}

/** Where devices find https, and what they compare before they trust it. */
export function describeHttps({ urls, fingerprint }: { urls: readonly string[]; fingerprint: string | null }): string {
  const compare = fingerprint === null ? 'with a certificate of your own' : `fingerprint ${fingerprint}`
  return `Encrypted: ${urls.join('  ')}  ${compare}`
}
