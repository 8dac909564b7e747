import { resolve } from 'node:path'
import type { LogLevel } from '../lib/log.ts'
import { isLoopbackHost } from './lan-addresses.ts'
import { OPTIONS, type OptionName, type OptionSpec, type OptionValues } from './option-table.ts'
import { appsDir, clientDir, consoleDir, defaultsDir } from './paths.ts'

/** What the server is started with. Plain data: it travels to the server's thread. */
export interface ServerOptions {
  /** 0 picks a free port. */
  port: number
  host: string
  /** Absolute path of the data root. */
  dataDir: string
  /** For a first start; afterwards the branch's own setting counts. */
  legacyClients: boolean
  /** For a first start; afterwards the branch's own setting counts. */
  openLan: boolean
  openLanRole: string
  /** Paired devices may sign what they send by plain http, until somebody chose otherwise in the console. */
  signedHttp?: boolean
  /** Pages to serve under `/`, absolute. */
  staticDir?: string
  /** More names under which this server may be addressed, without port. */
  allowedHosts?: readonly string[]
  /** More origins whose pages may call. */
  allowedOrigins?: readonly string[]
  /** Addresses or networks (CIDR) of reverse proxies that are believed; none by default. */
  trustProxy?: readonly string[]
  /** Absent: https is not served. */
  https?: HttpsOptions
  /** Announces the branch by mDNS where the network is served; off unless told. */
  mdns?: boolean
  rateLimit: boolean
  logLevel: LogLevel
  /** Folder of the built console; may be absent on disk. */
  consoleDir: string
  /** Folder of the built SDK, with `static/` in it; may be absent on disk. */
  clientDir: string
  /** Folder of the built apps, with one folder each; may be absent on disk. */
  appsDir: string
  /** The tracked default data set. */
  defaultsDir: string
  /** Version of the product. */
  version: string
  /** Secret that the window of this machine proves itself with; absent when headless. Never logged. */
  desktopToken?: string
  /** Makes the first manager of a data folder that has none. Never logged. */
  adminPassword?: string
  /** Encrypts the keys of the server on the disk: 32 bytes, base64url, kept by the operating system. Never logged. */
  secretsKey?: string
}

export interface HttpsOptions {
  /** 0 picks a free port. */
  port: number
  /** Served from the start; otherwise once a manager exists. */
  isAlwaysOn: boolean
  /** Pages that other devices open by http are sent here. */
  redirect: boolean
  /** Absolute paths of an own certificate; the branch's own authority without. */
  own?: { certFile: string; keyFile: string }
}

/** What the command line and the environment ask for. */
export interface Launch {
  server: ServerOptions
  headless: boolean
  help: boolean
  version: boolean
  /** The host was chosen by a flag or the environment. */
  isHostGiven: boolean
  /** Sentences about options that were accepted but deserve a word. */
  warnings: string[]
}

export interface LaunchInput {
  /** Without the program and the script. */
  argv: readonly string[]
  env: NodeJS.ProcessEnv
  cwd: string
  /** Used when neither flag nor environment names a data folder. */
  defaultDataDir: string
  version: string
  /** Electron's own switches share the command line: skip what we do not know. */
  ignoreUnknownFlags?: boolean
}

/** The options cannot be used; `problems` holds one sentence each. */
export class OptionsError extends Error {
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.name = 'OptionsError'
    this.problems = problems
  }
}

const NAMES = Object.keys(OPTIONS) as OptionName[]

/**
 * Flags win over the environment, the environment over defaults.
 *
 * @throws OptionsError with every problem at once.
 */
export function parseLaunch(input: LaunchInput): Launch {
  const problems: string[] = []
  const texts = new Map<OptionName, { text: string; label: string }>()
  for (const name of NAMES) {
    const { env } = spec(name)
    const text = env ? input.env[env] : undefined
    if (env && text !== undefined && text !== '') texts.set(name, { text, label: env })
  }
  for (const [name, text, label] of readFlags(input, problems)) texts.set(name, { text, label })

  const values: Record<string, unknown> = {}
  for (const name of NAMES) {
    const given = texts.get(name)
    values[name] = spec(name).fallback
    if (!given) continue
    try {
      values[name] = spec(name).parse(given.text)
    } catch (error) {
      problems.push(`${given.label} ${error instanceof Error ? error.message : String(error)}.`)
    }
  }
  const isHalf = (values.tlsCert === '') !== (values.tlsKey === '')
  if (isHalf) problems.push('--tls-cert and --tls-key need each other.')
  const adminPassword = readAdminPassword(input.env, problems)
  if (problems.length > 0) throw new OptionsError(problems)
  const launch = toLaunch(values as OptionValues, texts, input)
  return adminPassword === undefined ? launch : { ...launch, server: { ...launch.server, adminPassword } }
}

const ADMIN_PASSWORD = 'MISHKAH_ADMIN_PASSWORD'

/** Of the environment only: a flag would stand in the list of processes. No message repeats it. */
function readAdminPassword(env: NodeJS.ProcessEnv, problems: string[]): string | undefined {
  const password = env[ADMIN_PASSWORD]
  if (password === undefined || password === '') return undefined
  const length = [...password].length
  if (length < 8 || length > 256) problems.push(`${ADMIN_PASSWORD} must have 8 to 256 characters.`)
  else if (new Set(password).size < 4) problems.push(`${ADMIN_PASSWORD} is too easy to guess.`)
  return password
}

function toLaunch(values: OptionValues, given: ReadonlyMap<OptionName, unknown>, input: LaunchInput): Launch {
  const isHostGiven = given.has('host')
  const host = isHostGiven || !values.openLan ? values.host : '0.0.0.0'
  const warnings: string[] = []
  if (!values.rateLimit && !isLoopbackHost(host)) {
    warnings.push('The rate limits are off although the network is served; off is meant for tests on loopback.')
  }
  return {
    server: {
      port: values.port,
      host,
      dataDir: resolve(input.cwd, values.data === '' ? input.defaultDataDir : values.data),
      legacyClients: values.legacyClients,
      openLan: values.openLan,
      openLanRole: values.openLanRole,
      signedHttp: values.signedHttp,
      ...(values.staticDir !== '' && { staticDir: resolve(input.cwd, values.staticDir) }),
      allowedHosts: values.allowedHosts,
      allowedOrigins: values.allowedOrigins,
      trustProxy: values.trustProxy,
      ...httpsOptions(values, given.has('httpsPort'), input.cwd),
      mdns: values.mdns,
      rateLimit: values.rateLimit,
      logLevel: values.logLevel,
      consoleDir,
      clientDir,
      appsDir,
      defaultsDir,
      version: input.version,
    },
    headless: values.headless,
    help: values.help,
    version: values.version,
    isHostGiven,
    warnings,
  }
}

function httpsOptions(
  { httpsPort, httpsRedirect, tlsCert, tlsKey }: OptionValues,
  isAlwaysOn: boolean,
  cwd: string,
): { https?: HttpsOptions } {
  if (httpsPort === 'off') return {}
  const own = { certFile: resolve(cwd, tlsCert), keyFile: resolve(cwd, tlsKey) }
  return { https: { port: httpsPort, isAlwaysOn, redirect: httpsRedirect, ...(tlsCert !== '' && { own }) } }
}

function spec(name: OptionName): OptionSpec<unknown> {
  return OPTIONS[name]
}

/** `--name value`, `--name=value`, `--switch`, `--no-switch`. */
function readFlags(input: LaunchInput, problems: string[]): [OptionName, string, string][] {
  const found: [OptionName, string, string][] = []
  const queue = [...input.argv]
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    const flag = parseFlag(word)
    if (!flag) {
      if (!input.ignoreUnknownFlags) problems.push(`There is no option ${word}; --help lists them.`)
      continue
    }
    const takesNext = flag.text === undefined && queue[0] !== undefined && !queue[0].startsWith('--')
    const text = takesNext ? queue.shift() : flag.text
    if (text === undefined) problems.push(`${flag.label} needs a value: <${spec(flag.name).argument}>.`)
    else found.push([flag.name, text, flag.label])
  }
  return found
}

/** One word of the command line; `text` is absent when the value is the next word. */
function parseFlag(word: string): { name: OptionName; label: string; text: string | undefined } | undefined {
  const match = /^--(no-)?([a-z-]+)(?:=(.*))?$/s.exec(word === '-h' ? '--help' : word)
  const name = match && NAMES.find((candidate) => spec(candidate).flag === match[2])
  if (!match || !name) return undefined
  const isSwitch = spec(name).argument === undefined
  if (match[1] && (!isSwitch || match[3] !== undefined)) return undefined
  return { name, label: `--${match[2]}`, text: match[3] ?? (isSwitch ? (match[1] ? '0' : '1') : undefined) }
}

/** The text of --help, made from the table. */
export function helpText(): string {
  const rows = NAMES.map((name) => {
    const { flag, argument, env, fallback, fallbackText, help } = spec(name)
    const standard = fallbackText ?? (fallback === false || fallback === '' ? undefined : String(fallback))
    const notes = [standard && `default ${standard}`, env].filter(Boolean).join('; ')
    return { left: `  --${flag}${argument ? ` <${argument}>` : ''}`, right: notes ? `${help} (${notes})` : help }
  })
  const width = Math.max(...rows.map((row) => row.left.length)) + 2
  const lines = rows.map((row) => `${row.left.padEnd(width)}${row.right}`)
  const environment = `${ADMIN_PASSWORD}: makes the first manager "admin" of a data folder that has none; never shown.`
  return ['Mishkah Branch Server', '', 'npm start -- [options]', '', ...lines, '', environment, EXIT_CODE_HELP].join(
    '\n',
  )
}

/** How the process ends; a service wrapper can tell a taken port from a crash. */
export const EXIT_CODES = {
  clean: 0,
  unexpected: 1,
  'bad-options': 2,
  'port-in-use': 3,
  'data-folder': 4,
  'runtime-too-old': 5,
} as const

const EXIT_CODE_HELP =
  'Exit codes: 0 stopped cleanly, 1 unexpected, 2 bad options, 3 port in use, 4 data folder in use or missing, 5 runtime too old.'

/** The exit code for the code of a failed start. */
export function exitCodeFor(code: string): number {
  if (code === 'port-in-use') return EXIT_CODES['port-in-use']
  if (code === 'data-folder-locked' || code === 'data-folder-missing') return EXIT_CODES['data-folder']
  if (code === 'runtime-too-old') return EXIT_CODES['runtime-too-old']
  return EXIT_CODES.unexpected
}
