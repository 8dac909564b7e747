import { createHash, createHmac, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import type { SocketLike } from '../lib/platform.ts'
import { createSigner, signedFetch, signSocket } from './sign.ts'

const KEY = randomBytes(32)
const DEVICE = { signer: 'device-1', key: KEY.toString('base64url') }
const NOW = Date.parse('2026-03-01T10:00:00Z')
const TERMS = { instanceId: 'run-0001', now: NOW + 60_000 }
const mac = (key: Buffer, text: string): string => createHmac('sha256', key).update(text).digest('base64url')

test('a signature covers method, target, signer, run, time, nonce and body, as node:crypto would make it', () => {
  const signer = createSigner(DEVICE, () => NOW)
  expect(signer.learn(TERMS)).toBe(true)
  const signature = signer.sign('post', '/api/x?y=ز', '{"a":"قهوة"}')
  const [version, name, instance, time, nonce = '', hash, sent] = signature.split(';')
  expect([version, name, instance, time]).toEqual(['v1', 'device-1', 'run-0001', String(NOW + 60_000)])
  expect(nonce).toMatch(/^[\w-]{24}$/)
  expect(hash).toBe(createHash('sha256').update('{"a":"قهوة"}').digest('hex'))
  const text = ['mishkah-v1', 'POST', '/api/x?y=ز', name, instance, time, nonce, hash].join('\n')
  expect(sent).toBe(mac(KEY, text))
  expect(signer.as('session-1').sign('GET', '/')).toMatch(/^v1;session-1;run-0001;/)
  const nonces = Array.from({ length: 1_000 }, () => signer.sign('GET', '/').split(';')[4])
  expect(new Set(nonces).size).toBe(1_000)
})

test('what a refusal tells is learnt once; nothing new, or nonsense, is no reason to try again', () => {
  const signer = createSigner(DEVICE, () => NOW)
  const told = [TERMS, TERMS, { ...TERMS, now: TERMS.now + 500 }, { ...TERMS, now: 0 }, undefined, 'x', { now: 1 }]
  expect(told.map((details) => signer.learn(details))).toEqual([true, false, false, true, false, false, false])
})

test('a request is signed anew once, never in a circle, and sends no cookie', async () => {
  const sent: RequestInit[] = []
  const answers = [401, 200, 401, 401]
  const send: typeof fetch = async (_url, init) => {
    sent.push(init ?? {})
    return Response.json({ error: 'signature-invalid', details: TERMS }, { status: answers.shift() ?? 500 })
  }
  const ask = signedFetch(
    createSigner(DEVICE, () => NOW),
    send,
  )
  expect((await ask('http://192.168.1.5:3200/api/x?y=1', { method: 'POST', body: '{}' })).status).toBe(200)
  // The second refusal tells what is known already: it is an answer.
  expect((await ask('http://192.168.1.5:3200/api/x')).status).toBe(401)
  expect([sent.length, answers.length]).toEqual([3, 1])
  expect(sent.every(({ credentials }) => credentials === 'omit')).toBe(true)
  const signatures = sent.map(({ headers }) => (headers as Record<string, string>)['mishkah-signature'])
  expect(new Set(signatures).size).toBe(3)
})

/** The other end of a socket, played by the test. */
function openPair() {
  const sent: string[] = []
  const socket: SocketLike = {
    ...{ onopen: null, onmessage: null, onclose: null, onerror: null },
    send: (text) => void sent.push(String(text)),
    close: () => undefined,
  }
  const signer = createSigner(DEVICE, () => NOW)
  const signed = signSocket(socket, 'ws://192.168.1.5:3200/ws?x=1', signer)
  const heard: string[] = []
  const closed: number[] = []
  signed.onmessage = ({ data }) => void heard.push(String(data))
  signed.onclose = ({ code }) => void closed.push(code)
  const self = socket as WebSocket
  return {
    ...{ sent, heard, closed, signed },
    open: () => socket.onopen?.call(self, new Event('open')),
    say: (data: string) => socket.onmessage?.call(self, new MessageEvent('message', { data })),
    close: (code: number) => socket.onclose?.call(self, new CloseEvent('close', { code })),
  }
}

test('a socket begins with its signature; each message after it has the MAC of its number and text', () => {
  const { sent, signed, open, say, heard } = openPair()
  expect(() => signed.send('{}')).toThrow('once it is open')
  open()
  for (const frame of ['{"type":"client:hello"}', '{"n":1}', '{"n":1}']) signed.send(frame)
  const [signature = '', ...messages] = sent
  expect(signature).toMatch(/^v1;device-1;/)
  const key = createHmac('sha256', KEY)
    .update(`mishkah-socket-v1\n${signature.split(';')[6]}`)
    .digest()
  expect(messages).toEqual([
    `${mac(key, '1\n{"type":"client:hello"}')}.{"type":"client:hello"}`,
    `${mac(key, '2\n{"n":1}')}.{"n":1}`,
    `${mac(key, '3\n{"n":1}')}.{"n":1}`,
  ])
  say('{"type":"server:ready"}')
  expect(heard).toEqual(['{"type":"server:ready"}'])
})

test('a socket that was signed for an earlier run closes as after a restart; other refusals are heard', () => {
  const earlier = openPair()
  earlier.open()
  earlier.say(JSON.stringify({ type: 'server:error', error: 'signature-invalid', details: TERMS }))
  earlier.close(4401)
  expect([earlier.heard, earlier.closed]).toEqual([[], [1012]])
  const refused = openPair()
  refused.open()
  refused.say('{"type":"server:error","error":"signature-invalid"}')
  refused.close(4401)
  expect([refused.heard.length, refused.closed]).toEqual([1, [4401]])
})
