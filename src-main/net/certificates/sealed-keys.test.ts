import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createSecretBox } from '../../access/tokens/key-file.ts'
import { openSecretFolder } from '../../lib/secret-folder.ts'
import { openAuthority } from './authority.ts'
import { sealKeys } from './sealed-keys.ts'

const newBox = () => createSecretBox(randomBytes(32).toString('base64url'))
let dir: string
let unreadable: string[]
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mishkah-tls-'))
  unreadable = []
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

function open(box: ReturnType<typeof newBox> | undefined) {
  const secrets = sealKeys(openSecretFolder(dir), box, (name) => unreadable.push(name))
  return openAuthority({ secrets, clock: { now: Date.now }, label: 'test', ownNames: [] })
}
const fileOf = (name: string): string => readFileSync(join(dir, name), 'utf8')

test('keys are sealed, certificates are not, and the same authority is there after a restart', async () => {
  const box = newBox()
  const first = await open(box)
  const { key } = await first.credentialsFor(['localhost'])
  for (const name of ['ca.key', 'leaf.key']) {
    expect(fileOf(name)).toMatch(/^sealed-v1 [\w-]+$/)
    expect(statSync(join(dir, name)).mode & 0o777).toBe(0o600)
  }
  expect(fileOf('ca.crt')).toContain('BEGIN CERTIFICATE')
  const second = await open(box)
  expect(second.fingerprint).toBe(first.fingerprint)
  expect((await second.credentialsFor(['localhost'])).key).toBe(key)
  expect(unreadable).toEqual([])
})

test('keys of before there was a key store are sealed at their first use, and go on', async () => {
  const first = await open(undefined)
  expect(fileOf('ca.key')).toContain('PRIVATE KEY')
  const second = await open(newBox())
  expect([second.fingerprint, fileOf('ca.key').slice(0, 10)]).toEqual([first.fingerprint, 'sealed-v1 '])
})

test('keys that another machine sealed are made anew, and somebody hears of it', async () => {
  const first = await open(newBox())
  const second = await open(newBox())
  expect(second.fingerprint).not.toBe(first.fingerprint)
  expect(unreadable).toEqual(['ca.key'])
  const third = await open(undefined)
  expect(third.fingerprint).not.toBe(second.fingerprint)
  expect(unreadable).toEqual(['ca.key', 'ca.key'])
})
