import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type PeerCertificate } from 'node:tls'
import { afterAll, expect, test } from 'vitest'
import type { ServerOptions } from '../config/options.ts'
import type { ServerNotice } from '../config/services.ts'
import { silentLog } from '../lib/log.ts'
import { createNetwork } from './network.ts'

const root = mkdtempSync(join(tmpdir(), 'mishkah-network-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

function namesServed(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      const certificate = socket.getPeerCertificate() as PeerCertificate
      socket.destroy()
      resolve(certificate.subjectaltname ?? '')
    })
    socket.on('error', reject)
  })
}

test('a new address gets into the certificate without a restart, and somebody hears that tablets may not find us', async () => {
  let addresses = ['192.168.1.5']
  let now = Date.now()
  const notices: ServerNotice[] = []
  const options = {
    host: '0.0.0.0',
    dataDir: root,
    https: { port: 0, isAlwaysOn: true, redirect: false },
  } as unknown as ServerOptions
  const network = createNetwork({
    options,
    front: createServer(),
    log: silentLog,
    clock: { now: () => now },
    notify: (notice) => notices.push(notice),
    limit: () => undefined,
    checkEveryMs: 1_000,
    identity: () => ({ port: 3200, serverId: 's', branchIds: ['dar'] }),
    listAddresses: () => addresses,
  })
  await network.openHttps()
  await network.openHttps()
  const port = network.httpsPort() ?? 0
  expect(await namesServed(port)).toContain('IP Address:192.168.1.5')
  const { fingerprint } = (await network.authority()) ?? {}

  addresses = ['192.168.1.77']
  await network.check()
  const names = await namesServed(port)
  expect([names.includes('192.168.1.77'), names.includes('192.168.1.5')]).toEqual([true, false])
  expect(notices).toContainEqual(
    expect.objectContaining({
      code: 'address-changed',
      message: expect.stringContaining('192.168.1.5 to 192.168.1.77'),
    }),
  )
  expect((await network.authority())?.fingerprint).toBe(fingerprint)

  now += 380 * 86_400_000
  await network.check()
  const served = await new Promise<number>((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(Date.parse(socket.getPeerCertificate().valid_to))
      socket.destroy()
    })
    socket.on('error', reject)
  })
  expect(served - now).toBeGreaterThan(390 * 86_400_000)
  await network.close()
  await network.close()
  await expect(namesServed(port)).rejects.toThrow('ECONNREFUSED')
})
