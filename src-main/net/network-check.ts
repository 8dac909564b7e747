import { get as getHttp } from 'node:http'
import { get as getHttps, Agent as HttpsAgent } from 'node:https'
import { DAY_MS } from '../../src-shared/durations.ts'
import { isLoopbackHost } from '../config/lan-addresses.ts'

export type CheckStep = 'adapter' | 'listen' | 'address' | 'https' | 'certificate' | 'clock'

export interface CheckResult {
  step: CheckStep
  /** `skipped`: does not apply here, or an earlier step failed that it rests on. */
  result: 'ok' | 'failed' | 'skipped'
  /** What was found, and what to do about it. */
  message: string
}

export interface CheckInput {
  /** Address the server listens on. */
  host: string
  port: number
  httpsPort: number | undefined
  /** Addresses of real adapters. */
  addresses: readonly string[]
  certificate: { notAfter: string; names: readonly string[] } | undefined
  /** PEM of what devices trust; undefined with a certificate of the owner's, which the system's list vouches for. */
  authorityPem: string | undefined
  /** Milliseconds since 1970. */
  now: number
}

const TIMEOUT_MS = 3_000
/** Before this the machine's clock has lost the time. */
const EARLIEST_NOW = Date.parse('2025-01-01T00:00:00Z')

/**
 * Walks the way of a tablet to the server, step by step, and says which step fails. It dials the machine's own addresses:
 * what stands between (a firewall for other machines, the Wi-Fi's isolation of its guests) only a tablet can see, and the
 * message of the last reachable step says so.
 */
export async function checkNetwork(input: CheckInput): Promise<CheckResult[]> {
  const { host, port, addresses, httpsPort } = input
  const adapter: CheckResult =
    addresses.length > 0
      ? ok('adapter', `This computer has ${addresses.join(', ')}.`)
      : failed('adapter', 'No network is connected. Check the cable or the Wi-Fi of this computer.')
  const isOpen = !isLoopbackHost(host)
  const listen: CheckResult = isOpen
    ? ok('listen', `The server listens on ${host}, port ${port}.`)
    : failed('listen', 'The server listens for this computer only. Start it with --host 0.0.0.0 to serve the network.')
  const canDial = adapter.result === 'ok' && isOpen
  const reached = canDial ? await Promise.all(addresses.map((address) => dial(address, port))) : []
  const wrong = addresses.filter((_address, index) => reached[index] !== 200)
  const address: CheckResult = !canDial
    ? skipped('address', 'Not tried.')
    : wrong.length === 0
      ? ok(
          'address',
          `Port ${port} answers. When a tablet still fails, look at this computer’s firewall and the Wi-Fi.`,
        )
      : failed('address', `Port ${port} does not answer at ${wrong.join(', ')}. Allow it in this computer’s firewall.`)
  return [
    adapter,
    listen,
    address,
    await checkHttps(input, canDial),
    checkCertificate(input, httpsPort),
    checkClock(input),
  ]
}

async function checkHttps({ addresses, httpsPort, authorityPem }: CheckInput, canDial: boolean): Promise<CheckResult> {
  if (httpsPort === undefined) return skipped('https', 'https is not served. Start with --https-port to serve it.')
  if (!canDial) return skipped('https', 'Not tried.')
  const answers = await Promise.all(addresses.map((address) => dial(address, httpsPort, { ca: authorityPem })))
  const wrong = addresses.flatMap((address, index) =>
    answers[index] === 200 ? [] : [`${address} (${answers[index]})`],
  )
  if (wrong.length === 0)
    return ok('https', `Port ${httpsPort} answers, and the certificate is trusted for each address.`)
  return failed('https', `Port ${httpsPort} is not reached by those who trust the branch at ${wrong.join(', ')}.`)
}

function checkCertificate({ certificate, addresses, now }: CheckInput, httpsPort: number | undefined): CheckResult {
  if (!certificate || httpsPort === undefined) return skipped('certificate', 'https is not served.')
  const daysLeft = Math.floor((Date.parse(certificate.notAfter) - now) / DAY_MS)
  const missing = addresses.filter((address) => !certificate.names.includes(address))
  if (daysLeft < 0) return failed('certificate', `The certificate ended on ${certificate.notAfter}.`)
  if (missing.length > 0) return failed('certificate', `The certificate does not name ${missing.join(', ')}.`)
  return ok('certificate', `The certificate is good for ${daysLeft} days and names every address.`)
}

function checkClock({ now }: CheckInput): CheckResult {
  const time = new Date(now).toISOString()
  if (now > EARLIEST_NOW) return ok('clock', `The clock of this computer says ${time}.`)
  return failed(
    'clock',
    `The clock of this computer has lost the time (${time}); certificates and tokens depend on it.`,
  )
}

const ok = (step: CheckStep, message: string): CheckResult => ({ step, result: 'ok', message })
const failed = (step: CheckStep, message: string): CheckResult => ({ step, result: 'failed', message })
const skipped = (step: CheckStep, message: string): CheckResult => ({ step, result: 'skipped', message })

/** The status of the answer, or the code of what went wrong. With `tls` by https, trusting `ca` or the system's list. */
function dial(address: string, port: number, tls?: { ca: string | undefined }): Promise<number | string> {
  return new Promise((resolve) => {
    const options = { host: address, port, path: '/livez', timeout: TIMEOUT_MS }
    const request = tls
      ? getHttps({ ...options, agent: new HttpsAgent(tls.ca === undefined ? {} : { ca: tls.ca }) })
      : getHttp(options)
    request.on('response', (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    request.on('timeout', () => request.destroy(Object.assign(new Error('no answer'), { code: 'TIMEOUT' })))
    request.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  })
}
