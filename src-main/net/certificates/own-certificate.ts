import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { AppError } from '../../../src-shared/errors.ts'
import type { Credentials } from './authority.ts'

export interface CertificateFiles {
  /** PEM: the certificate, then those that vouch for it. */
  certFile: string
  /** PEM, not encrypted. */
  keyFile: string
}

export interface OwnCertificate {
  /** Reads the files anew when they changed, so that a tool that renews them needs no restart. */
  read(): Promise<Credentials>
}

/** A certificate that the owner of the branch brings along. */
export function openOwnCertificate(files: CertificateFiles): OwnCertificate {
  let kept: { stamp: string; credentials: Credentials } | undefined
  return {
    async read() {
      try {
        const stamp = (await Promise.all([files.certFile, files.keyFile].map(stampOf))).join(' ')
        if (kept?.stamp !== stamp) kept = { stamp, credentials: await readFiles(files) }
        return kept.credentials
      } catch (error) {
        throw error instanceof AppError ? error : unusable(`${reasonOf(error)}.`, error)
      }
    },
  }
}

/** Whether other users of this computer may read the key. Windows has no such modes: there it is false. */
export async function isReadableByOthers(keyFile: string): Promise<boolean> {
  return process.platform !== 'win32' && ((await stat(keyFile)).mode & 0o007) !== 0
}

async function stampOf(path: string): Promise<string> {
  const { mtimeMs, size } = await stat(path)
  return `${mtimeMs}-${size}`
}

async function readFiles({ certFile, keyFile }: CertificateFiles): Promise<Credentials> {
  const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')])
  const leaf = new X509Certificate(cert)
  if (!leaf.checkPrivateKey(createPrivateKey(key))) throw unusable('The key does not belong to the certificate.')
  const names = (leaf.subjectAltName ?? '').split(', ').map((name) => name.replace(/^(DNS|IP Address):/, ''))
  return { cert, key, notAfter: leaf.validToDate.toISOString(), names }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'ENOENT') return 'A file is missing'
  if (code === 'EACCES') return 'A file may not be read by this user'
  return 'The files hold no certificate and key in PEM form'
}

function unusable(message: string, cause?: unknown): AppError {
  return new AppError(
    'certificate-unusable',
    `The certificate of --tls-cert and --tls-key cannot be used. ${message}`,
    {
      cause,
      hint: 'Check both files: PEM, the certificate first, a key without a pass phrase, readable by this user.',
    },
  )
}
