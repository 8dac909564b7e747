import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer, type Server } from 'node:tls'
import { afterAll, afterEach, expect, test } from 'vitest'
import { openSecretFolder } from '../../lib/secret-folder.ts'
import { type Authority, type AuthorityInput, openAuthority } from './authority.ts'
import { encodeNameConstraints, isPermittedName, PRIVATE_NETWORKS } from './name-constraints.ts'

const DAY_MS = 86_400_000
const root = mkdtempSync(join(tmpdir(), 'mishkah-tls-'))
afterAll(() => rmSync(root, { recursive: true }))

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

const NOW = Date.now()
let folders = 0

/** Opens the authority of one folder as at a start, `days` from now. */
function authorityOf(dir: string, days = 0, ownNames = ['branch-pc', 'branch-pc.local']): Promise<Authority> {
  const input: AuthorityInput = {
    secrets: openSecretFolder(dir),
    clock: { now: () => NOW + days * DAY_MS },
    label: 'Mishkah dar',
    ownNames,
  }
  return openAuthority(input)
}

const newFolder = (): string => join(root, String(folders++))

async function serve(credentials: { key: string; cert: string }): Promise<number> {
  const server = createServer(credentials, (socket) => socket.end('hello'))
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as { port: number }).port
}

/** What a client that trusts `ca` gets to read when it asks for `name`, or why it refuses. */
function dial(port: number, name: string, ca: string): Promise<string> {
  return new Promise((resolve) => {
    const isAddress = /^[\d.:]+$/.test(name)
    const socket = connect({
      host: '127.0.0.1',
      port,
      ca,
      ...(!isAddress && { servername: name }),
      ...(isAddress && { checkServerIdentity: (_host, certificate) => checkIdentity(name, certificate.raw) }),
    })
    socket.on('data', (data) => resolve(String(data)))
    socket.on('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'UNSPECIFIED' || !error.code ? error.message : error.code),
    )
  })
}

function checkIdentity(address: string, raw: Buffer): Error | undefined {
  return new X509Certificate(raw).checkIP(address) ? undefined : new Error('another address')
}

test('a device that trusts the authority may speak to every name and address of the branch', async () => {
  const authority = await authorityOf(newFolder())
  const credentials = await authority.credentialsFor(['branch-pc', 'branch-pc.local', '192.168.1.5', 'fd00::5'])
  const port = await serve(credentials)
  const answers = ['localhost', 'branch-pc', 'branch-pc.local', '127.0.0.1', '192.168.1.5', 'fd00::5', '::1']
  for (const name of answers) expect([name, await dial(port, name, authority.pem)]).toEqual([name, 'hello'])
  expect(await dial(port, 'other.local', authority.pem)).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
  const stranger = await authorityOf(newFolder())
  expect(await dial(port, 'localhost', stranger.pem)).not.toBe('hello')
})

test('the certificates say what they are for, and no longer than browsers allow', async () => {
  const authority = await authorityOf(newFolder())
  const { cert, key, notAfter, names } = await authority.credentialsFor(['192.168.1.5'])
  const root = new X509Certificate(authority.der)
  const leaf = new X509Certificate(cert)
  const days = (leaf.validToDate.getTime() - leaf.validFromDate.getTime()) / DAY_MS
  expect([root.ca, root.subject, leaf.ca, leaf.issuer === root.subject]).toEqual([
    true,
    'O=Mishkah Branch Server\nCN=Mishkah dar',
    false,
    true,
  ])
  expect([root.checkIssued(root), leaf.checkIssued(root), leaf.verify(root.publicKey)]).toEqual([true, true, true])
  expect(leaf.checkPrivateKey(createPrivateKey(key))).toBe(true)
  expect(days).toBeLessThanOrEqual(397)
  expect(days).toBeGreaterThan(390)
  expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
  expect(names).toEqual(['127.0.0.1', '192.168.1.5', '::1', 'localhost'])
  expect(notAfter).toBe(leaf.validToDate.toISOString())
  expect(authority.fingerprint).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/)
})

test('names outside the constraints are left out, and devices refuse them even when the key was stolen', async () => {
  const dir = newFolder()
  const authority = await authorityOf(dir)
  const { names } = await authority.credentialsFor(['bank.example', '8.8.8.8', '2001:db8::1', 'local.example', 'x y'])
  expect(names).toEqual(['127.0.0.1', '::1', 'localhost'])

  // Whoever has the key can write any name: only the constraint in the authority's certificate stands against that.
  const secrets = openSecretFolder(dir)
  await secrets.save('ca.names', 'bank.example\nlocal\nlocalhost')
  const thief = await authorityOf(dir)
  expect(thief.fingerprint).toBe(authority.fingerprint)
  const forged = await thief.credentialsFor(['bank.example'])
  expect(forged.names).toContain('bank.example')
  const port = await serve(forged)
  expect(await dial(port, 'bank.example', authority.pem)).toBe('permitted subtree violation')
  expect(await dial(port, 'localhost', authority.pem)).toBe('permitted subtree violation')
})

test('a configured name of a domain is permitted, with what lies below it', async () => {
  const authority = await authorityOf(newFolder(), 0, ['Branch-PC', 'pos.shop.example', '8.8.8.8', 'not a name'])
  expect(authority.permittedNames).toEqual(['local', 'localhost', 'pos.shop.example'])
  const port = await serve(await authority.credentialsFor(['pos.shop.example', 'shop.example']))
  expect(await dial(port, 'pos.shop.example', authority.pem)).toBe('hello')
  expect(await dial(port, 'shop.example', authority.pem)).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
})

test('the leaf is kept over a start, and renewed before it ends, for other names and after a lost key', async () => {
  const dir = newFolder()
  const names = ['192.168.1.5']
  const leafOf = async (days: number, wanted = names): Promise<string> => {
    const authority = await authorityOf(dir, days)
    return new X509Certificate((await authority.credentialsFor(wanted)).cert).serialNumber
  }
  const first = await leafOf(0)
  expect(first).toMatch(/^[4-7][0-9A-F]{31}$/)
  expect([await leafOf(0), await leafOf(360), await leafOf(0, ['192.168.1.5', 'localhost'])]).toEqual([
    first,
    first,
    first,
  ])
  const renewed = await leafOf(370)
  const moved = await leafOf(370, ['192.168.1.6'])
  await openSecretFolder(dir).remove('leaf.key')
  const recovered = await leafOf(370, ['192.168.1.6'])
  expect(new Set([first, renewed, moved, recovered]).size).toBe(4)
  expect((await authorityOf(dir)).fingerprint).toBe((await authorityOf(dir, 3_000)).fingerprint)
})

test('keys lie in files that only their owner may read', async () => {
  const dir = newFolder()
  await (await authorityOf(dir)).credentialsFor([])
  const files = readdirSync(dir).sort()
  expect(files).toEqual(['ca.crt', 'ca.key', 'ca.names', 'leaf.crt', 'leaf.key', 'leaf.names'])
  for (const file of files) expect([file, statSync(join(dir, file)).mode & 0o777]).toEqual([file, 0o600])
})

test('constraints are encoded as RFC 5280 draws them', () => {
  const hex = encodeNameConstraints(['local'], ['10.0.0.0/8', 'fe80::/10']).toString('hex')
  const dns = '3007 8205 6c6f63616c'
  const v4 = '300a 8708 0a000000 ff000000'
  const v6 = '3022 8720 fe800000000000000000000000000000 ffc00000000000000000000000000000'
  expect(hex).toBe(`303b a039 ${dns} ${v4} ${v6}`.replaceAll(' ', ''))
  expect(
    encodeNameConstraints(['a'.repeat(60), 'b'.repeat(60), 'c'.repeat(60)], PRIVATE_NETWORKS).length,
  ).toBeGreaterThan(255)
  expect(['pc.local', 'local', 'notlocal', 'local.evil'].map((name) => isPermittedName(name, ['local']))).toEqual([
    true,
    true,
    false,
    false,
  ])
})

test('a start with a clock that is years ahead keeps the old authority aside, and it can be put back', async () => {
  const dir = newFolder()
  const replaced: string[] = []
  const open = (days: number) =>
    openAuthority({
      ...{ secrets: openSecretFolder(dir), clock: { now: () => NOW + days * DAY_MS }, label: 'Mishkah dar' },
      ...{ ownNames: [], onReplaced: ({ keptAs }) => replaced.push(keptAs) },
    })
  const first = await open(0)
  expect(replaced).toEqual([])
  const [ahead, further] = [await open(4_000), await open(9_000)]
  expect(new Set([first, ahead, further].map(({ fingerprint }) => fingerprint)).size).toBe(3)
  expect(replaced).toHaveLength(2)
  const names = ['ca.crt', 'ca.key', 'ca.names']
  for (const name of names) {
    const aside = join(dir, `${replaced[0]}.${name}`)
    expect(statSync(aside).mode & 0o777).toBe(0o600)
    renameSync(aside, join(dir, name))
  }
  const back = await open(1)
  expect(back.fingerprint).toBe(first.fingerprint)
  expect(await dial(await serve(await back.credentialsFor(['localhost'])), 'localhost', first.pem)).toBe('hello')
})
