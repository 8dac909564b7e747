import { isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'

const VIRTUAL_ADAPTER = /^(docker|br-|veth|virbr|vmnet|vboxnet|vethernet|wsl|utun|tun|tap|zt|tailscale|cni|flannel)/i

/** Only this machine can reach the host. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)
}

/** Every address of the machine is meant. */
export function isWildcardHost(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

/** IPv4 addresses under which devices of the branch reach this machine; virtual and link-local ones are left out. */
export function listLanAddresses(interfaces: typeof networkInterfaces = networkInterfaces): string[] {
  return Object.entries(interfaces())
    .filter(([name]) => !VIRTUAL_ADAPTER.test(name))
    .flatMap(([, addresses]) => addresses ?? [])
    .filter((address) => address.family === 'IPv4' && !address.internal && !address.address.startsWith('169.254.'))
    .map((address) => address.address)
}

/** The addresses to type into a tablet; empty when only this machine is served. */
export function listLanUrls(host: string, port: number, addresses: string[] = listLanAddresses()): string[] {
  if (isLoopbackHost(host)) return []
  return (isWildcardHost(host) ? addresses : [host]).map((address) => toUrl(address, port))
}

/** The address for programs on this machine, such as the console's window. */
export function localUrl(host: string, port: number): string {
  return toUrl(isWildcardHost(host) || host === 'localhost' ? '127.0.0.1' : host, port)
}

function toUrl(address: string, port: number): string {
  return `http://${isIPv6(address) ? `[${address}]` : address}:${port}`
}
