import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { isLoopbackHost, listLanAddresses, listLanUrls, localUrl } from './lan-addresses.ts'
import { OPTIONS } from './option-table.ts'
import { exitCodeFor, helpText, type Launch, OptionsError, parseLaunch } from './options.ts'
import { installedDataDir } from './paths.ts'
import { describeOldRuntime } from './runtime-guard.ts'
import { startupLines } from './startup-lines.ts'

function launch(argv: string[] = [], env: NodeJS.ProcessEnv = {}, ignoreUnknownFlags = false): Launch {
  return parseLaunch({ argv, env, cwd: '/cwd', defaultDataDir: '/default', version: '1.2.3', ignoreUnknownFlags })
}

function problemsOf(argv: string[], env: NodeJS.ProcessEnv = {}): readonly string[] {
  try {
    launch(argv, env)
  } catch (error) {
    if (error instanceof OptionsError) return error.problems
    throw error
  }
  return []
}

test('defaults: this machine only, port 3200, safe settings', () => {
  const { server, ...rest } = launch()
  expect(server).toMatchObject({
    port: 3200,
    host: '127.0.0.1',
    dataDir: '/default',
    legacyClients: false,
    openLan: false,
    openLanRole: 'cashier',
    rateLimit: true,
    logLevel: 'info',
    version: '1.2.3',
  })
  expect(rest).toEqual({ headless: false, help: false, version: false, isHostGiven: false, warnings: [] })
})

test.each([
  ['port', ['--port', '8080'], { MISHKAH_PORT: '8080' }, { port: 8080 }],
  ['port with =', ['--port=0'], { MISHKAH_PORT: '0' }, { port: 0 }],
  ['host', ['--host', '0.0.0.0'], { MISHKAH_HOST: '0.0.0.0' }, { host: '0.0.0.0' }],
  ['IPv6 host', ['--host', '[::1]'], { MISHKAH_HOST: '::1' }, { host: '::1' }],
  ['data', ['--data', 'folder'], { MISHKAH_DATA_DIR: 'folder' }, { dataDir: resolve('/cwd', 'folder') }],
  ['legacy clients', ['--legacy-clients'], { MISHKAH_LEGACY_CLIENTS: '1' }, { legacyClients: true }],
  ['open LAN', ['--open-lan'], { MISHKAH_OPEN_LAN: 'yes' }, { openLan: true, host: '0.0.0.0' }],
  ['open LAN role', ['--open-lan-role', 'waiter'], { MISHKAH_OPEN_LAN_ROLE: 'waiter' }, { openLanRole: 'waiter' }],
  ['rate limit', ['--rate-limit', 'off'], { MISHKAH_RATE_LIMIT: 'off' }, { rateLimit: false }],
  [
    'proxies',
    ['--trust-proxy', '::1,10.0.0.0/8'],
    { MISHKAH_TRUST_PROXY: '::1, 10.0.0.0/8' },
    { trustProxy: ['::1', '10.0.0.0/8'] },
  ],
  ['log level', ['--log-level', 'debug'], { MISHKAH_LOG_LEVEL: 'DEBUG' }, { logLevel: 'debug' }],
])('%s: the flag and the environment name do the same', (_name, argv, env, expected) => {
  expect(launch(argv).server).toMatchObject(expected)
  expect(launch([], env as NodeJS.ProcessEnv).server).toMatchObject(expected)
})

test('a flag wins over the environment; an empty environment value counts as absent', () => {
  expect(launch(['--port', '1'], { MISHKAH_PORT: '2' }).server.port).toBe(1)
  expect(launch(['--no-open-lan'], { MISHKAH_OPEN_LAN: '1' }).server).toMatchObject({
    openLan: false,
    host: '127.0.0.1',
  })
  expect(launch([], { MISHKAH_PORT: '', MISHKAH_HOST: '' })).toMatchObject({
    server: { port: 3200 },
    isHostGiven: false,
  })
})

test('a given host wins over open LAN', () => {
  expect(launch(['--open-lan', '--host', '10.0.0.5']).server.host).toBe('10.0.0.5')
})

test('every problem is told at once, one sentence each', () => {
  expect(
    problemsOf(['--port', 'x', '--nope', '--log-level=loud', '--host', 'a b', '--data'], { MISHKAH_OPEN_LAN: 'maybe' }),
  ).toEqual([
    'There is no option --nope; --help lists them.',
    '--data needs a value: <folder>.',
    '--port must be a number from 0 to 65535, not "x".',
    '--host must be an address or a host name, not "a b".',
    'MISHKAH_OPEN_LAN must be 1 or 0 (or on, off, yes, no, true, false), not "maybe".',
    '--log-level must be one of debug, info, warn, error, not "loud".',
  ])
  expect(problemsOf(['--port', '65536'])).toHaveLength(1)
  expect(problemsOf(['stray'])).toEqual(['There is no option stray; --help lists them.'])
  expect(problemsOf(['--no-port'])).toHaveLength(1)
})

test("Electron's own switches are skipped when told so", () => {
  expect(launch(['--no-sandbox', '--remote-debugging-port=0', '.', '--port', '9'], {}, true).server.port).toBe(9)
})

test('the help text names every flag, environment name and exit code', () => {
  const text = helpText()
  for (const { flag, env } of Object.values(OPTIONS) as { flag: string; env?: string }[]) {
    expect(text).toContain(`--${flag}`)
    if (env) expect(text).toContain(env)
  }
  for (const code of [0, 1, 2, 3, 4, 5]) expect(text).toMatch(new RegExp(`\\b${code} [a-z]`))
})

test('exit codes', () => {
  const codes = ['port-in-use', 'data-folder-locked', 'data-folder-missing', 'runtime-too-old', 'internal']
  expect(codes.map(exitCodeFor)).toEqual([3, 4, 4, 5, 1])
})

test('loopback, LAN addresses and the address for this machine', () => {
  expect(['127.0.0.1', '127.9.9.9', 'localhost', '::1', '0.0.0.0', '192.168.1.4'].map(isLoopbackHost)).toEqual([
    true,
    true,
    true,
    true,
    false,
    false,
  ])
  const address = (text: string, family: 'IPv4' | 'IPv6' = 'IPv4', internal = false) =>
    ({ address: text, family, internal, netmask: '', mac: '', cidr: null, scopeid: 0 }) as never
  const interfaces = () => ({
    lo: [address('127.0.0.1', 'IPv4', true)],
    eth0: [address('192.168.1.7'), address('fe80::1', 'IPv6'), address('169.254.1.1')],
    docker0: [address('172.17.0.1')],
    'vEthernet (WSL)': [address('172.20.0.1')],
  })
  expect(listLanAddresses(interfaces)).toEqual(['192.168.1.7'])
  expect(listLanUrls('0.0.0.0', 3200, ['192.168.1.7'])).toEqual(['http://192.168.1.7:3200'])
  expect(listLanUrls('127.0.0.1', 3200, ['192.168.1.7'])).toEqual([])
  expect(localUrl('::', 1)).toBe('http://127.0.0.1:1')
  expect(localUrl('::1', 1)).toBe('http://[::1]:1')
})

test('start-up says who can reach the server and what that means', () => {
  const messages = (argv: string[]) =>
    startupLines(launch(argv), 'http://127.0.0.1:3200', 3200, ['10.0.0.2']).map((line) => line.message)
  expect(messages([])).toEqual([
    'Console: http://127.0.0.1:3200/console/',
    'Data folder: /default',
    'Listening on 127.0.0.1 only, since nobody can sign in yet; use --host or MISHKAH_OPEN_LAN=1 to serve the network.',
  ])
  expect(messages(['--host', '127.0.0.1'])[2]).toContain('as asked')
  expect(messages(['--open-lan', '--rate-limit=off']).slice(2)).toEqual([
    'On the network: http://10.0.0.2:3200',
    'Nobody can sign in yet: everyone who is admitted is an administrator.',
    'Open LAN: once people exist, devices with private addresses are admitted without signing in, as cashier.',
    'The rate limits are off although the network is served; off is meant for tests on loopback.',
  ])
})

test('the runtime guard lets a fitting runtime pass and names one that is too old in one sentence', () => {
  expect(describeOldRuntime()).toBeUndefined()
  expect(describeOldRuntime({ node: '20.20.2', napi: '9' })).toMatch(
    /^Node 20\.20\.2 is too old for the SQLite driver .*\.$/,
  )
  expect(describeOldRuntime({ electron: '30.0.0', napi: '9' })).toMatch(/^Electron 30/)
})

test('an installed appliance keeps its data in one folder a machine', () => {
  expect(installedDataDir('win32', { ProgramData: 'D:\\PD' }, 'C:\\Users\\x')).toContain('D:\\PD')
  expect(installedDataDir('linux', {}, '/home/x')).toBe('/home/x/.local/share/mishkah-branch-server')
  expect(installedDataDir('darwin', {}, '/Users/x')).toBe('/Users/Shared/Mishkah Branch Server')
})

test.each(['0.0.0.0/0', '::/0', '10.0.0.0/33', '10.0.0.0/x', '10.0.0.0/8/8', 'proxy', '10.0.0', '127.0.0.1,'])(
  'nobody can be believed to be the proxy %s',
  (text) => {
    expect(problemsOf(['--trust-proxy', text])).toHaveLength(1)
  },
)

test('https: off, from the start, or once a manager exists; an own certificate needs its key', () => {
  const httpsOf = (argv: string[], env: NodeJS.ProcessEnv = {}) => launch(argv, env).server.https
  expect(httpsOf([])).toEqual({ port: 3243, isAlwaysOn: false, redirect: false })
  expect(httpsOf(['--https-port', '0', '--https-redirect'])).toEqual({ port: 0, isAlwaysOn: true, redirect: true })
  expect(httpsOf([], { MISHKAH_HTTPS_PORT: 'off' })).toBeUndefined()
  expect(httpsOf(['--tls-cert', 'a.pem'], { MISHKAH_TLS_KEY: '/etc/b.pem' })?.own).toEqual({
    certFile: resolve('/cwd', 'a.pem'),
    keyFile: resolve('/etc/b.pem'),
  })
  expect(problemsOf(['--tls-key', 'b.pem'])).toEqual(['--tls-cert and --tls-key need each other.'])
  expect(problemsOf(['--https-port', 'maybe'])).toHaveLength(1)
})

test('discovery is on unless told', () => {
  const asked = [launch(), launch(['--no-mdns']), launch([], { MISHKAH_MDNS: 'off' })]
  expect(asked.map(({ server }) => server.mdns)).toEqual([true, false, false])
})

test('the password of the first manager comes from the environment alone and is in no message', () => {
  const parse = (env: NodeJS.ProcessEnv, argv: string[] = []): Launch =>
    parseLaunch({ argv, env, cwd: '/', defaultDataDir: '/data', version: '0.0.0' })
  expect(parse({ MISHKAH_ADMIN_PASSWORD: 'a long password' }).server.adminPassword).toBe('a long password')
  expect(parse({ MISHKAH_ADMIN_PASSWORD: '' }).server.adminPassword).toBeUndefined()
  for (const password of ['qzx', 'kkkkkkkkkkkk']) {
    const error = catchError(() => parse({ MISHKAH_ADMIN_PASSWORD: password }))
    expect(String(error)).toMatch(/MISHKAH_ADMIN_PASSWORD/)
    expect(String(error)).not.toContain(password)
  }
  expect(() => parse({}, ['--admin-password', 'a long password'])).toThrow('There is no option')
})

test('a branch with a manager says nothing of administrators', () => {
  const launch = parseLaunch({ argv: ['--host', '0.0.0.0'], env: {}, cwd: '/', defaultDataDir: '/d', version: '0' })
  const events = (isOpen: boolean): string[] =>
    startupLines(launch, 'http://127.0.0.1:3200', 3200, ['10.0.0.2'], isOpen).map(({ event }) => event)
  expect(events(true)).toEqual([...events(false), 'everyone-is-administrator'])
})

function catchError(work: () => unknown): unknown {
  try {
    work()
    return undefined
  } catch (error) {
    return error
  }
}
