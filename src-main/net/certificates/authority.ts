import { createHash, createPrivateKey, KeyObject, randomBytes, webcrypto, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { DAY_MS } from '../../../src-shared/durations.ts'
import type { Clock } from '../../lib/clock.ts'
import type { SecretStore } from '../../lib/secret-folder.ts'
import { encodeNameConstraints, isPermittedName, NAME_CONSTRAINTS_OID, PRIVATE_NETWORKS } from './name-constraints.ts'
import { provideReflectMetadata } from './reflect-metadata.ts'

/** What TLS needs, PEM. */
export interface Credentials {
  key: string
  /** The leaf, then the authority. */
  cert: string
  /** ISO 8601. */
  notAfter: string
  /** Names and addresses that the leaf vouches for, sorted. */
  names: readonly string[]
}

/** The public side of an authority: what a device gets to trust. */
export interface AuthorityFacts {
  /** DER, as phones want to install it. */
  der: Buffer
  pem: string
  /** SHA-256 of the certificate, `AB:CD:...`, as the settings of every system show it. */
  fingerprint: string
  /** SHA-256 of the public key, base64: what Chromium and apps pin. */
  keyHash: string
  notAfter: string
  /** Names, with all below them, that the authority may vouch for. */
  permittedNames: readonly string[]
}

export interface Authority extends AuthorityFacts {
  /** The kept leaf while it is good for exactly these names, otherwise a new one. Names that are not permitted are left out. */
  credentialsFor(names: readonly string[]): Promise<Credentials>
}

export interface AuthorityInput {
  secrets: SecretStore
  clock: Clock
  /** Shown by the system that trusts it: which branch this is. */
  label: string
  /** Host names of this machine and configured ones. Only the first start counts; afterwards what the certificate says. */
  ownNames: readonly string[]
  /** An authority was there and is none that can be used now: devices have to trust another one. */
  onReplaced?(files: { keptAs: string }): void
}

const AUTHORITY_DAYS = 3_650
/** Browsers refuse longer ones from public authorities; one rule for all is easier to explain. */
const LEAF_DAYS = 397
const RENEW_BEFORE_DAYS = 30
/** Tablets' clocks are late: a new certificate is valid since yesterday. */
const BACKDATE_DAYS = 1

const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const

/** The library names the DOM's crypto types; Node's differ from them on paper only. */
const domTyped = (value: webcrypto.Crypto | webcrypto.CryptoKey | webcrypto.CryptoKeyPair): never => value as never

/** Loaded when it is needed: most starts have a kept leaf, and the library costs a quarter of a second. */
async function loadX509(): Promise<typeof import('@peculiar/x509')> {
  provideReflectMetadata()
  const x509 = await import('@peculiar/x509')
  x509.cryptoProvider.set(domTyped(webcrypto))
  return x509
}

/**
 * Opens the branch's certificate authority, or makes it at the first start.
 *
 * It is name-constrained: a device that trusts it trusts it for this machine's names, for `.local` and for private
 * addresses, so that whoever steals the key cannot pretend to be a bank. It lives ten years, because replacing it means
 * walking to every tablet; leaves live 397 days at most and are renewed 30 days before they end.
 */
export async function openAuthority(input: AuthorityInput): Promise<Authority> {
  const { certificate, key, permittedNames } = (await findKept(input)) ?? (await replaceAuthority(input))
  return {
    der: certificate.raw,
    pem: certificate.toString(),
    fingerprint: certificate.fingerprint256,
    keyHash: createHash('sha256')
      .update(certificate.publicKey.export({ type: 'spki', format: 'der' }))
      .digest('base64'),
    notAfter: certificate.validToDate.toISOString(),
    permittedNames,
    async credentialsFor(names) {
      const wanted = wantedNames(names, permittedNames)
      const leaf = await findLeaf(input, certificate, wanted)
      return leaf ?? (await issueLeaf(input, { certificate, key, names: wanted }))
    },
  }
}

interface OpenAuthority {
  certificate: X509Certificate
  /** PKCS#8, PEM. */
  key: string
  permittedNames: readonly string[]
}

async function findKept({ secrets, clock }: AuthorityInput): Promise<OpenAuthority | undefined> {
  const [key, pem, names] = await Promise.all(['ca.key', 'ca.crt', 'ca.names'].map((name) => secrets.find(name)))
  if (key === undefined || pem === undefined || names === undefined) return undefined
  const certificate = new X509Certificate(pem)
  const isGood =
    certificate.ca &&
    certificate.checkPrivateKey(createPrivateKey(key)) &&
    certificate.validToDate.getTime() > clock.now()
  return isGood ? { certificate, key, permittedNames: names.split('\n') } : undefined
}

/**
 * Never over the one before: a clock that is years ahead, or a key store that is away for a day, makes an authority
 * useless only until it is right again, and replacing it means walking to every tablet.
 */
async function replaceAuthority(input: AuthorityInput): Promise<OpenAuthority> {
  const keptAs = `replaced-${serialNumber().slice(0, 12)}`
  const files = ['ca.crt', 'ca.key', 'ca.names']
  const isKept = await Promise.all(files.map((name) => input.secrets.setAside(name, `${keptAs}.${name}`)))
  const created = await createAuthority(input)
  // A first start that was interrupted leaves a key, which no device trusts.
  if (isKept[0]) input.onReplaced?.({ keptAs })
  return created
}

async function createAuthority({ secrets, clock, label, ownNames }: AuthorityInput): Promise<OpenAuthority> {
  const x509 = await loadX509()
  const own = ownNames.filter((name) => isDnsName(name) && !isPermittedName(name, ['local']))
  const permittedNames = [...new Set(['localhost', 'local', ...own])].sort()
  const keys = await webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify'])
  const created = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ O: ['Mishkah Branch Server'] }, { CN: [label] }],
    keys: domTyped(keys),
    serialNumber: serialNumber(),
    notBefore: daysFrom(clock, -BACKDATE_DAYS),
    notAfter: daysFrom(clock, AUTHORITY_DAYS),
    signingAlgorithm: SIGNATURE,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(domTyped(keys.publicKey)),
      new x509.Extension(NAME_CONSTRAINTS_OID, true, encodeNameConstraints(permittedNames, PRIVATE_NETWORKS)),
    ],
  })
  const key = toPem(keys.privateKey)
  const certificate = new X509Certificate(Buffer.from(created.rawData))
  await secrets.save('ca.key', key)
  await secrets.save('ca.names', permittedNames.join('\n'))
  // The certificate comes last: without it the rest does not count.
  await secrets.save('ca.crt', certificate.toString())
  return { certificate, key, permittedNames }
}

async function findLeaf(
  { secrets, clock }: AuthorityInput,
  authority: X509Certificate,
  names: readonly string[],
): Promise<Credentials | undefined> {
  const [key, pem, kept] = await Promise.all(['leaf.key', 'leaf.crt', 'leaf.names'].map((name) => secrets.find(name)))
  if (key === undefined || pem === undefined || kept !== names.join('\n')) return undefined
  const leaf = new X509Certificate(pem)
  const now = clock.now()
  const isInTime = leaf.validFromDate.getTime() <= now && leaf.validToDate.getTime() - now > RENEW_BEFORE_DAYS * DAY_MS
  const isGood = isInTime && leaf.verify(authority.publicKey) && leaf.checkPrivateKey(createPrivateKey(key))
  return isGood ? toCredentials(key, leaf, authority, names) : undefined
}

async function issueLeaf(
  { secrets, clock }: AuthorityInput,
  { certificate: authority, key, names }: { certificate: X509Certificate; key: string; names: readonly string[] },
): Promise<Credentials> {
  const x509 = await loadX509()
  const signingKey = await webcrypto.subtle.importKey(
    'pkcs8',
    createPrivateKey(key).export({ type: 'pkcs8', format: 'der' }),
    KEY_ALGORITHM,
    false,
    ['sign'],
  )
  const keys = await webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify'])
  const issuer = new x509.X509Certificate(authority.raw)
  const lastMs = Math.min(daysFrom(clock, LEAF_DAYS - BACKDATE_DAYS).getTime(), authority.validToDate.getTime())
  const created = await x509.X509CertificateGenerator.create({
    subject: [{ O: ['Mishkah Branch Server'] }, { CN: ['Branch server'] }],
    issuer: issuer.subjectName.toJSON(),
    publicKey: domTyped(keys.publicKey),
    signingKey: domTyped(signingKey),
    serialNumber: serialNumber(),
    notBefore: daysFrom(clock, -BACKDATE_DAYS),
    notAfter: new Date(lastMs),
    signingAlgorithm: SIGNATURE,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((name) => ({ type: isIP(name) === 0 ? ('dns' as const) : ('ip' as const), value: name })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(domTyped(keys.publicKey)),
    ],
  })
  const leaf = new X509Certificate(Buffer.from(created.rawData))
  const leafKey = toPem(keys.privateKey)
  await secrets.save('leaf.key', leafKey)
  await secrets.save('leaf.names', names.join('\n'))
  await secrets.save('leaf.crt', leaf.toString())
  return toCredentials(leafKey, leaf, authority, names)
}

function toCredentials(
  key: string,
  leaf: X509Certificate,
  authority: X509Certificate,
  names: readonly string[],
): Credentials {
  return { key, cert: `${leaf}${authority}`, notAfter: leaf.validToDate.toISOString(), names }
}

/** What the authority may vouch for, without double ones, in a fixed order. Addresses must be private. */
function wantedNames(names: readonly string[], permitted: readonly string[]): string[] {
  const usable = names
    .map((name) => name.toLowerCase())
    .filter((name) => (isIP(name) === 0 ? isDnsName(name) && isPermittedName(name, permitted) : isCoveredAddress(name)))
  return [...new Set(['localhost', '127.0.0.1', '::1', ...usable])].sort()
}

/** In PRIVATE_NETWORKS. */
function isCoveredAddress(address: string): boolean {
  if (isIP(address) === 6) return /^(f[cd]|fe[89ab])[0-9a-f]*:/i.test(address) || address === '::1'
  return /^(10|127|192\.168|169\.254|172\.(1[6-9]|2\d|3[01]))\./.test(address)
}

function isDnsName(name: string): boolean {
  return isIP(name) === 0 && /^[a-z0-9]([a-z0-9-]{0,62})(\.[a-z0-9-]{1,63})*$/.test(name)
}

function daysFrom(clock: Clock, days: number): Date {
  // Certificates know whole seconds.
  return new Date(Math.floor((clock.now() + days * DAY_MS) / 1_000) * 1_000)
}

/** 16 bytes, positive, without leading zeros. */
function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0]! & 0x3f) | 0x40
  return bytes.toString('hex')
}

function toPem(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }).toString()
}
