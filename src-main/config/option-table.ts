import { isIP } from 'node:net'
import { LOG_LEVELS, type LogLevel } from '../lib/log.ts'

/** One option: its flag, its environment name, its default and its help line all come from here. */
export interface OptionSpec<T> {
  /** Without the leading dashes. */
  flag: string
  /** Absent: only a flag. */
  env?: string
  /** Name of the value in the help text; absent for a switch. */
  argument?: string
  fallback: T
  /** How the help text writes the default, when not as the value itself. */
  fallbackText?: string
  help: string
  /** Text to value. Throws an Error whose message finishes the sentence "--flag ...". */
  parse(text: string): T
}

const option = <T>(spec: OptionSpec<T>): OptionSpec<T> => spec

const TRUE_WORDS = new Set(['1', 'true', 'yes', 'on'])
const FALSE_WORDS = new Set(['0', 'false', 'no', 'off'])

function parseSwitch(text: string): boolean {
  const word = text.toLowerCase()
  if (TRUE_WORDS.has(word)) return true
  if (FALSE_WORDS.has(word)) return false
  throw new Error(`must be 1 or 0 (or on, off, yes, no, true, false), not "${text}"`)
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (port <= 65_535) return port
  throw new Error(`must be a number from 0 to 65535, not "${text}"`)
}

function parseOptionalPort(text: string): number | 'off' {
  return FALSE_WORDS.has(text.toLowerCase()) && text !== '0' ? 'off' : parsePort(text)
}

function parseFile(text: string): string {
  if (text !== '' && !text.includes('\0')) return text
  throw new Error('must name a file')
}

function parseHost(text: string): string {
  const host = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text
  if (isIP(host) !== 0 || /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(host)) return host
  throw new Error(`must be an address or a host name, not "${text}"`)
}

function parseList(text: string): string[] {
  const list = text.split(',').map((part) => part.trim())
  if (list.some((part) => part === '' || /\s/.test(part))) throw new Error('must be a list with commas')
  return list
}

/** Addresses or networks in CIDR form. */
function parseNetworks(text: string): string[] {
  return parseList(text).map((network) => {
    const [address = '', prefix, more] = network.split('/')
    const family = isIP(address)
    const isPrefix = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128))
    // A network of length 0 is everybody: then whoever connects may say who they are.
    if (family !== 0 && isPrefix && more === undefined && Number(prefix ?? 1) > 0) return network
    throw new Error(`must list addresses or networks such as 127.0.0.1,10.0.0.0/24, not "${network}"`)
  })
}

function parseFolder(text: string): string {
  if (text !== '' && !text.includes('\0')) return text
  throw new Error('must name a folder')
}

function parseRole(text: string): string {
  if (/^[a-z][a-z0-9_-]{0,63}$/i.test(text)) return text
  throw new Error(`must be the name of a role, such as cashier, not "${text}"`)
}

function parseLogLevel(text: string): LogLevel {
  const level = LOG_LEVELS.find((name) => name === text.toLowerCase())
  if (level) return level
  throw new Error(`must be one of ${LOG_LEVELS.join(', ')}, not "${text}"`)
}

/** Every option of the appliance. */
export const OPTIONS = {
  headless: option({
    flag: 'headless',
    fallback: false,
    help: 'Run without a window, as a service does',
    parse: parseSwitch,
  }),
  port: option({
    flag: 'port',
    env: 'MISHKAH_PORT',
    argument: 'number',
    fallback: 3200,
    help: 'Port to listen on; 0 picks a free one',
    parse: parsePort,
  }),
  host: option({
    flag: 'host',
    env: 'MISHKAH_HOST',
    argument: 'address',
    fallback: '127.0.0.1',
    fallbackText: '127.0.0.1, or 0.0.0.0 with --open-lan',
    help: 'Address to listen on; 0.0.0.0 serves the whole network',
    parse: parseHost,
  }),
  httpsPort: option({
    flag: 'https-port',
    env: 'MISHKAH_HTTPS_PORT',
    argument: 'number|off',
    fallback: 3243 as number | 'off',
    fallbackText: '3243 once a manager exists',
    help: 'Port for https; given, it is served from the start; 0 picks a free one',
    parse: parseOptionalPort,
  }),
  httpsRedirect: option({
    flag: 'https-redirect',
    env: 'MISHKAH_HTTPS_REDIRECT',
    fallback: false,
    help: 'Send pages that other devices open by http to https',
    parse: parseSwitch,
  }),
  tlsCert: option({
    flag: 'tls-cert',
    env: 'MISHKAH_TLS_CERT',
    argument: 'file',
    fallback: '',
    fallbackText: "the branch's own authority",
    help: 'Certificate for https (PEM, with those that vouch for it); needs --tls-key',
    parse: parseFile,
  }),
  tlsKey: option({
    flag: 'tls-key',
    env: 'MISHKAH_TLS_KEY',
    argument: 'file',
    fallback: '',
    fallbackText: 'none',
    help: 'Key of the certificate (PEM, without a pass phrase)',
    parse: parseFile,
  }),
  mdns: option({
    flag: 'mdns',
    env: 'MISHKAH_MDNS',
    fallback: true,
    fallbackText: 'on where the network is served',
    help: 'Announce the branch to devices of the network (_mishkah._tcp)',
    parse: parseSwitch,
  }),
  data: option({
    flag: 'data',
    env: 'MISHKAH_DATA_DIR',
    argument: 'folder',
    fallback: '',
    fallbackText: 'var/ in the sources, the application data folder when installed',
    help: 'Data folder of the branch',
    parse: parseFolder,
  }),
  legacyClients: option({
    flag: 'legacy-clients',
    env: 'MISHKAH_LEGACY_CLIENTS',
    fallback: false,
    help: 'First start: accept older clients, with the weaker rules that they need',
    parse: parseSwitch,
  }),
  openLan: option({
    flag: 'open-lan',
    env: 'MISHKAH_OPEN_LAN',
    fallback: false,
    help: 'First start: admit devices with private addresses without signing in',
    parse: parseSwitch,
  }),
  openLanRole: option({
    flag: 'open-lan-role',
    env: 'MISHKAH_OPEN_LAN_ROLE',
    argument: 'role',
    fallback: 'cashier',
    help: 'Role of the devices that --open-lan admits',
    parse: parseRole,
  }),
  signedHttp: option({
    flag: 'signed-http',
    env: 'MISHKAH_SIGNED_HTTP',
    fallback: false,
    help: 'Until the console says otherwise: serve paired devices by plain http that sign what they send',
    parse: parseSwitch,
  }),
  staticDir: option({
    flag: 'static-dir',
    env: 'MISHKAH_STATIC_DIR',
    argument: 'folder',
    fallback: '',
    fallbackText: 'none',
    help: 'Folder of pages to serve under /, such as those of a point of sale',
    parse: parseFolder,
  }),
  allowedHosts: option({
    flag: 'allowed-hosts',
    env: 'MISHKAH_ALLOWED_HOSTS',
    argument: 'names',
    fallback: [] as string[],
    fallbackText: "this machine's own",
    help: 'More names under which the server may be addressed, with commas',
    parse: parseList,
  }),
  allowedOrigins: option({
    flag: 'allowed-origins',
    env: 'MISHKAH_ALLOWED_ORIGINS',
    argument: 'origins',
    fallback: [] as string[],
    fallbackText: "the server's own",
    help: 'More origins whose pages may call, such as http://localhost:5173, with commas',
    parse: parseList,
  }),
  trustProxy: option({
    flag: 'trust-proxy',
    env: 'MISHKAH_TRUST_PROXY',
    argument: 'addresses',
    fallback: [] as string[],
    fallbackText: 'none',
    help: 'Reverse proxies whose Forwarded or X-Forwarded-For header is believed, with commas',
    parse: parseNetworks,
  }),
  rateLimit: option({
    flag: 'rate-limit',
    env: 'MISHKAH_RATE_LIMIT',
    argument: 'on|off',
    fallback: true,
    fallbackText: 'on',
    help: 'Limits of requests per address; off is for tests on loopback',
    parse: parseSwitch,
  }),
  logLevel: option({
    flag: 'log-level',
    env: 'MISHKAH_LOG_LEVEL',
    argument: 'level',
    fallback: 'info' as LogLevel,
    help: `Least level to log: ${LOG_LEVELS.join(', ')}`,
    parse: parseLogLevel,
  }),
  help: option({ flag: 'help', fallback: false, help: 'Show this text', parse: parseSwitch }),
  version: option({ flag: 'version', fallback: false, help: 'Show the version', parse: parseSwitch }),
} as const satisfies Record<
  string,
  | OptionSpec<never>
  | OptionSpec<boolean>
  | OptionSpec<string>
  | OptionSpec<number>
  | OptionSpec<number | 'off'>
  | OptionSpec<LogLevel>
  | OptionSpec<string[]>
>

export type OptionName = keyof typeof OPTIONS

/** The value of each option after flags, environment and defaults. */
export type OptionValues = { [K in OptionName]: (typeof OPTIONS)[K]['fallback'] }
