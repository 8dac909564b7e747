import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { isAppError } from '../../../src-shared/errors.ts'
import type { SignedParts } from '../../../src-shared/signing/signed-text.ts'
import { createSignatureVerifier, hashBody, signRequest } from './signed-request.ts'

const KEY = randomBytes(32)
const INSTANCE = 'run-0001'
let now = Date.parse('2026-03-01T12:00:00Z')
let nonces = 0

function open(instanceId = INSTANCE) {
  return createSignatureVerifier({
    clock: { now: () => now },
    instanceId,
    findKey: (signer) => (signer === 'till-1' ? { deviceId: signer, key: KEY } : undefined),
  })
}

function partsOf(change: Partial<SignedParts> = {}): SignedParts {
  const nonce = `nonce-${String(nonces++).padStart(20, '0')}`
  const parts = { method: 'POST', target: '/api/x?y=1', signer: 'till-1', instanceId: INSTANCE, timeMs: now, nonce }
  return { ...parts, bodyHash: hashBody('{}'), ...change }
}

type Verifier = ReturnType<typeof open>
function verify(verifier: Verifier, signature: string, method = 'POST', target = '/api/x?y=1'): string {
  try {
    return verifier.verify({ method, target, signature }).signer
  } catch (error) {
    return isAppError(error) ? error.code : String(error)
  }
}

test('a signed request names its device and the hash of its body', () => {
  const signature = signRequest(KEY, partsOf())
  expect(open().verify({ method: 'POST', target: '/api/x?y=1', signature })).toEqual({
    signer: 'till-1',
    bodyHash: hashBody('{}'),
  })
})

test('every part is under the signature', () => {
  const verifier = open()
  const parts = partsOf()
  const signature = signRequest(KEY, parts)
  expect(verify(verifier, signature, 'PUT')).toBe('signature-invalid')
  expect(verify(verifier, signature, 'POST', '/api/x?y=2')).toBe('signature-invalid')
  const changed = [
    { signer: 'till-2' },
    { instanceId: 'run-0002' },
    { timeMs: now + 1 },
    { nonce: `${parts.nonce}x` },
    { bodyHash: hashBody('{"a":1}') },
  ]
  const mac = signature.split(';').at(-1)
  for (const change of changed) {
    const forged = [
      ...signRequest(KEY, { ...parts, ...change })
        .split(';')
        .slice(0, -1),
      mac,
    ].join(';')
    expect(verify(verifier, forged), JSON.stringify(change)).toBe('signature-invalid')
  }
  expect(verify(verifier, signRequest(randomBytes(32), parts))).toBe('signature-invalid')
  expect(verify(verifier, signRequest(Buffer.alloc(32), partsOf({ signer: 'unknown' })))).toBe('signature-invalid')
  expect(verify(verifier, signature)).toBe('till-1')
})

test('[T22] 1,000 requests sent again are refused, before and after a restart', () => {
  const verifier = open()
  const signatures = Array.from({ length: 1_000 }, () =>
    signRequest(KEY, partsOf({ timeMs: now + (nonces % 280_000) })),
  )
  expect(new Set(signatures.map((one) => verify(verifier, one)))).toEqual(new Set(['till-1']))
  expect(new Set(signatures.map((one) => verify(verifier, one)))).toEqual(new Set(['signature-invalid']))
  const restarted = open('run-0002')
  expect(new Set(signatures.map((one) => verify(restarted, one)))).toEqual(new Set(['signature-invalid']))
})

test('five minutes of a wrong clock are forgiven, not more, and the refusal tells the right time', () => {
  const verifier = open()
  const at = (offsetMs: number) => verify(verifier, signRequest(KEY, partsOf({ timeMs: now + offsetMs })))
  expect([at(-300_000), at(300_000), at(-300_001), at(300_001)]).toEqual([
    'till-1',
    'till-1',
    'clock-wrong',
    'clock-wrong',
  ])
  const late = signRequest(KEY, partsOf({ timeMs: now - 400_000 }))
  expect(() => verifier.verify({ method: 'POST', target: '/api/x?y=1', signature: late })).toThrow(
    expect.objectContaining({ details: { instanceId: INSTANCE, now } }),
  )
})

test('a nonce stays known as long as its time is accepted, also when the memory is full', () => {
  const verifier = open()
  const early = signRequest(KEY, partsOf({ timeMs: now + 300_000 }))
  expect(verify(verifier, early)).toBe('till-1')
  for (let count = 1; count < 20_000; count++) verify(verifier, signRequest(KEY, partsOf()))
  expect(verify(verifier, signRequest(KEY, partsOf()))).toBe('rate-limited')
  now += 300_001
  expect(verify(verifier, signRequest(KEY, partsOf()))).toBe('till-1')
  expect(verify(verifier, early)).toBe('signature-invalid')
})

test('odd texts are refused, not crashed on', () => {
  const verifier = open()
  const good = signRequest(KEY, partsOf()).split(';')
  const texts = ['', 'v1', 'v2;a', good.slice(0, 6).join(';'), [...good, ''].join(';'), 'v1;'.repeat(5_000)]
  const swapped = good.map((_part, index) => good.with(index, '\u202e\0é').join(';'))
  for (const text of [...texts, ...swapped]) expect(verify(verifier, text), text.slice(0, 40)).toBe('signature-invalid')
})
