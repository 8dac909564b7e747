import { isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'

/** Adapters that lead to containers, virtual machines, tunnels or a neighbour's phone: no tablet stands behind them. */
const VIRTUAL_ADAPTERS = [
  // Containers and virtual machines
  /^(docker|br-|veth|virbr|lxcbr|lxdbr|podman|cni|cali|flannel)/i,
  /^(vmnet|vboxnet|vethernet|wsl|vmware|virtualbox)/i,
  // Tunnels
  /^(utun|tun|tap|wg|wireguard|ppp|ipsec|zt|zerotier|tailscale|isatap|teredo)/i,
  // Peer to peer, test and loopback adapters
  /^(awdl|llw|anpi|p2p|ifb|dummy|npcap|loopback|bluetooth)/i,
]

export function isVirtualAdapter(name: string): boolean {
  return VIRTUAL_ADAPTERS.some((pattern) => pattern.test(name))
}

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
    .filter(([name]) => !isVirtualAdapter(name))
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
