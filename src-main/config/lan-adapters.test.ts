import type { NetworkInterfaceInfo } from 'node:os'
import { expect, test } from 'vitest'
import { isVirtualAdapter, listLanAddresses } from './lan-addresses.ts'

const VIRTUAL = [
  'docker0',
  'br-3f2a9c1d77aa',
  'veth12ab34',
  'virbr0',
  'vmnet8',
  'VMware Network Adapter VMnet1',
  'vboxnet0',
  'VirtualBox Host-Only Network',
  'vEthernet (WSL)',
  'vEthernet (Default Switch)',
  'WSL',
  'utun3',
  'tun0',
  'tap-windows6',
  'TAP-Windows Adapter V9',
  'wg0',
  'WireGuard Tunnel',
  'ppp0',
  'ipsec0',
  'zt7nnigzo4',
  'ZeroTier One [8056c2e21c000001]',
  'tailscale0',
  'Tailscale',
  'cni0',
  'cali123',
  'flannel.1',
  'lxcbr0',
  'lxdbr0',
  'podman0',
  'awdl0',
  'llw0',
  'anpi0',
  'p2p-wlan0-0',
  'ifb0',
  'dummy0',
  'Npcap Loopback Adapter',
  'Loopback Pseudo-Interface 1',
  'isatap.{1234}',
  'Teredo Tunneling Pseudo-Interface',
  'Bluetooth Network Connection',
]
const REAL = [
  'eth0',
  'eno1',
  'enp3s0',
  'en0',
  'wlan0',
  'wlp2s0',
  'Ethernet',
  'Ethernet 2',
  'Wi-Fi',
  'WLAN',
  'br0',
  'bond0',
]

test('virtual adapters are told from real ones', () => {
  expect(VIRTUAL.filter((name) => !isVirtualAdapter(name))).toEqual([])
  expect(REAL.filter(isVirtualAdapter)).toEqual([])
})

test('only addresses at which a device of the branch can knock are listed', () => {
  const one = (address: string, family: 'IPv4' | 'IPv6' = 'IPv4', internal = false) =>
    [{ address, family, internal }] as unknown as NetworkInterfaceInfo[]
  const adapters = {
    lo: one('127.0.0.1', 'IPv4', true),
    eth0: [...one('192.168.1.5'), ...one('fe80::1', 'IPv6')],
    eth1: one('169.254.7.7'),
    docker0: one('172.17.0.1'),
    'vEthernet (WSL)': one('172.28.0.1'),
    'Wi-Fi': one('10.0.0.9'),
  }
  expect(listLanAddresses(() => adapters)).toEqual(['192.168.1.5', '10.0.0.9'])
})
