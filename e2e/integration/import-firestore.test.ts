import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BranchClient } from '../support/branch-client.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

let server: TestServer
let branch: BranchClient
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mishkah-firestore-'))
  server = await startTestServer()
  branch = new BranchClient(() => server.url)
})
afterAll(async () => {
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

function file(name: string, content: object): string {
  const path = join(folder, name)
  writeFileSync(path, JSON.stringify(content))
  return path
}

/** `npm run import:firestore -- …` */
function run(...options: string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const parameters = ['scripts/import-firestore.ts', '--url', server.url, ...options]
    execFile(process.execPath, parameters, { encoding: 'utf8' }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr })
    })
  })
}

async function position(): Promise<number> {
  return ((await branch.send('GET', 'events?limit=1')).body as { version: number }).version
}

const timestamp = { _seconds: 1_700_000_000, _nanoseconds: 0 }
const line = (n: number) => ({ qty: n, itemId: { __datatype__: 'documentReference', value: `menu/item-${n}` } })
const exported = {
  __collections__: {
    orders: Object.fromEntries(
      Array.from({ length: 40 }, (_, n) => [
        `fire-${n}`,
        {
          ...{
            customerName: `Guest ${n}`,
            place: { __datatype__: 'geopoint', value: { _latitude: 30, _longitude: 31 } },
          },
          ...{ pickedUpAt: { __datatype__: 'timestamp', value: timestamp }, createdAt: timestamp, version: 9 },
          __collections__: { order_lines: { [`fire-l-${n}`]: line(n + 1) } },
        },
      ]),
    ),
    order_payment: { 'fire-p': { orderId: 'fire-0', paymentMethodId: 'cash', amount: 'much' } },
    notes: { n: {} },
  },
}

test('shows what it would do and changes nothing; writes with --write; a second run changes nothing', async () => {
  const path = file('export.json', exported)
  const before = await position()
  const dry = await run(path)
  expect(dry.code, dry.output).toBe(0)
  for (const part of [
    /orders +order_header +40 of 40/,
    /orders\/order_lines +order_line +40 of 40/,
    /order_payment +order_payment +0 of 1/,
    /notes +not written +\(1 documents\)/,
    /set by the server, not taken over: createdAt, version/,
    /not in the schema, kept as they are: .*place, pickedUpAt/,
    /order_payment\/fire-p: .*amount/,
    /80 records to write, 2 documents not/,
    /Nothing was written/,
  ]) {
    expect(dry.output).toMatch(part)
  }
  expect(await position()).toBe(before)

  const written = await run(path, '--write')
  expect(written.output).toContain('80 records written, 0 were there already, 0 refused.')
  // Something of the export is not there: the caller must not take it for complete.
  expect(written.code).toBe(1)
  expect(await position()).toBe(before + 80)
  expect(await branch.find('order_header', 'fire-7')).toMatchObject({
    ...{ customerName: 'Guest 7', version: 1, place: { latitude: 30, longitude: 31 } },
    pickedUpAt: '2023-11-14T22:13:20.000Z',
  })
  expect(await branch.find('order_line', 'fire-l-7')).toMatchObject({
    orderId: 'fire-7',
    itemId: 'item-8',
    quantity: 8,
  })

  await branch.merge('order_header', { id: 'fire-7', version: 1, customerName: 'Mona' })
  const again = await run(path, '--write')
  expect(again.output).toContain('0 records written, 80 were there already, 0 refused.')
  expect(await position()).toBe(before + 81)
  expect(await branch.find('order_header', 'fire-7')).toMatchObject({ customerName: 'Mona', version: 2 })
})

test('a map and another export of the same records: what is there with other content stays, and is told', async () => {
  const map = file('map.json', { collections: { guests: { table: 'customer_profiles', fields: { full: 'name' } } } })
  const first = await run(file('guests.json', { guests: { 'g-1': { full: 'Mona' } } }), '--map', map, '--write')
  expect(first.code, first.output).toBe(0)
  const path = file('guests-2.json', {
    guests: [
      { id: 'g-1', full: 'Nadia' },
      { id: 'g-2', full: 'Omar' },
    ],
  })
  const second = await run(path, '--map', map, '--write')
  expect(second.output).toMatch(/guests\/g-1: record-exists/)
  expect(second.output).toContain('1 records written, 0 were there already, 1 refused.')
  expect(second.code).toBe(1)
  expect(await branch.find('customer_profiles', 'g-1')).toMatchObject({ name: 'Mona', version: 1 })
})

test.each([
  ['no file', [], /one export file is needed/],
  ['a file that is not there', ['/nowhere/x.json'], /nowhere\/x.json: ENOENT/],
  ['a branch that is not there', ['EXPORT', '--branch', 'none'], /branch-not-found/],
  [
    'a server that is not there',
    ['EXPORT', '--url', 'http://127.0.0.1:9'],
    /no server answers at http:\/\/127.0.0.1:9/,
  ],
  ['an export without anything for the branch', ['EMPTY'], /there is nothing to write/],
])('%s is refused with a reason', async (_title, options, message) => {
  const files: Record<string, string> = {
    EXPORT: file('small.json', { orders: { x: {} } }),
    EMPTY: file('empty.json', { nothing: { x: {} } }),
  }
  const { code, output } = await run(...options.map((option) => files[option] ?? option))
  expect(output).toMatch(message)
  expect(code).toBe(1)
})
