import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLog, type LogFields, type LogRecord, toJsonLine, toTerminalLine } from './log.ts'
import { openLogFiles } from './log-files.ts'

function record(fields: LogFields, event = 'event'): LogRecord {
  const records: LogRecord[] = []
  createLog({ level: 'debug', write: (entry) => records.push(entry), now: () => 0 }).info(event, fields)
  return records[0]!
}

test('levels below the least are dropped; children carry their fields', () => {
  const records: LogRecord[] = []
  const log = createLog({ level: 'warn', write: (entry) => records.push(entry), now: () => 0 }).child({
    branchId: 'dar',
  })
  log.debug('a')
  log.info('b')
  log.warn('c', { moduleId: 'pos' })
  log.child({ table: 't' }).error('d')
  expect(records).toEqual([
    { time: '1970-01-01T00:00:00.000Z', level: 'warn', event: 'c', fields: { branchId: 'dar', moduleId: 'pos' } },
    { time: '1970-01-01T00:00:00.000Z', level: 'error', event: 'd', fields: { branchId: 'dar', table: 't' } },
  ])
})

test('secrets are redacted by name, at any depth', () => {
  const names = [
    'token',
    'accessToken',
    'refresh_token',
    'password',
    'pin',
    'userPin',
    'client-secret',
    'Authorization',
    'cookie',
    'Set-Cookie',
    'apiKey',
    'recoveryKey',
    'setupCode',
  ]
  const secrets = Object.fromEntries(names.map((name) => [name, 's3cret']))
  const text = JSON.stringify(record({ ...secrets, headers: { ...secrets, list: [secrets] } }).fields)
  expect(text).not.toContain('s3cret')
  expect(record({ pinned: 1, shippingMs: 2, spinner: 3, code: 'x', keyword: 'y' }).fields).toEqual({
    pinned: 1,
    shippingMs: 2,
    spinner: 3,
    code: 'x',
    keyword: 'y',
  })
})

test('secrets are redacted by shape in any text', () => {
  const jwt = 'eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl'
  const texts = [
    `GET /x?token=abc123&a=1`,
    `Authorization: Bearer abcdef123456`,
    `got ${jwt}`,
    `{"password":"abc123"}`,
    `pin=4711`,
  ]
  for (const text of texts) {
    const line = toJsonLine(record({ text, error: new Error(text, { cause: new Error(text) }) }))
    expect(line, text).not.toMatch(/abc123|abcdef|c2lnbmF0dXJl|4711/)
  }
})

test('contents of records stay out, sizes are bounded, odd values do no harm', () => {
  const loop: Record<string, unknown> = {}
  loop.loop = loop
  const { fields } = record({
    record: { name: 'x' },
    rows: [{ name: 'x' }],
    big: 10n,
    text: 'x'.repeat(10_000),
    buffer: Buffer.alloc(9),
    missing: undefined,
    loop,
    when: new Date(0),
  })
  expect(fields).toMatchObject({
    record: '[left out]',
    rows: '[left out]',
    big: '10',
    buffer: '[9 bytes]',
    when: '1970-01-01T00:00:00.000Z',
  })
  expect(JSON.stringify(fields).length).toBeLessThan(6_000)
  expect(structuredClone(fields)).toEqual(fields)
})

test('a JSON line keeps its time, level and event; a terminal line is one line without control characters', () => {
  const entry = record(
    { time: 'forged', message: 'A sentence.\n\u001b[31mred', error: new Error('reason'), count: 2 },
    'some-event',
  )
  expect(JSON.parse(toJsonLine(entry))).toMatchObject({
    time: '1970-01-01T00:00:00.000Z',
    level: 'info',
    event: 'some-event',
  })
  expect(toTerminalLine(entry).slice(9)).toBe(
    'info  some-event A sentence. [31mred (time=forged, count=2, error=reason)',
  )
})

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mishkah-log-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

test('files rotate by size, the number of files is bounded and no line is lost on the way', async () => {
  const files = openLogFiles({ dir: join(dir, 'logs'), maxBytes: 2_000, maxFiles: 4 })
  for (let n = 1; n <= 200; n++) {
    files.write(record({ n, text: 'x'.repeat(60) }))
    await files.flush()
  }
  const names = readdirSync(join(dir, 'logs')).toSorted()
  expect(names).toEqual(['mishkah.1.log', 'mishkah.2.log', 'mishkah.3.log', 'mishkah.log'])
  for (const name of names) expect(statSync(join(dir, 'logs', name)).size).toBeLessThan(2_300)
  const oldestFirst = ['mishkah.3.log', 'mishkah.2.log', 'mishkah.1.log', 'mishkah.log']
  const numbers = oldestFirst.flatMap((name) =>
    readFileSync(join(dir, 'logs', name), 'utf8')
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { n: number }).n),
  )
  expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => 201 - numbers.length + index))
})

test('a burst is written completely by the flush', async () => {
  const files = openLogFiles({ dir })
  for (let n = 1; n <= 5_000; n++) files.write(record({ n }))
  await files.flush()
  expect(readFileSync(files.file, 'utf8').trim().split('\n')).toHaveLength(5_000)
  expect(statSync(files.file).mode & 0o077).toBe(0)
})
