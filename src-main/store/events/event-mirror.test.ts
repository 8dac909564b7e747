import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { JsonObject } from '../../../src-shared/json.ts'
import { command, isTorture, openShop, SeededRandom, type TestStore } from '../test-support.ts'
import { CHAIN_START, chainHash } from './event-line.ts'

function mirrorPath(shop: TestStore): string {
  return join(shop.store.files.moduleFolder('dar', 'shop'), 'live', 'events.log')
}

function historyFiles(shop: TestStore): string[] {
  const folder = join(shop.store.files.moduleFolder('dar', 'shop'), 'history', 'events')
  return existsSync(folder) ? readdirSync(folder) : []
}

function lines(path: string): string[] {
  return readFileSync(path, 'utf8').split('\n').slice(0, -1)
}

/** The file alone proves itself: each line's hash follows from the line before and its own text. */
function provenSequences(path: string): number[] {
  let previous = CHAIN_START
  return lines(path).map((line) => {
    const end = line.lastIndexOf(',"hash":"')
    const { sequence, hash } = JSON.parse(line) as { sequence: number; hash: string }
    expect([sequence, hash]).toEqual([sequence, chainHash(previous, line.slice(0, end))])
    previous = hash
    return sequence
  })
}

async function openWithEvents(count: number): Promise<TestStore> {
  const shop = await openShop()
  await Promise.all(
    Array.from({ length: count }, (_, index) =>
      shop.write('save', 'staff', { id: `s${index % 7}`, name: `Mona "ن" ${index}\n`, pin: '1234' }),
    ),
  )
  return shop
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1)

test('every event is a line, in order, with a chain that proves itself and without a secret', async () => {
  const shop = await openWithEvents(30)
  await shop.module().writeAsync({
    ...command('insert', 'item', { id: 'a' }),
    operations: ['a', 'b'].map((id) => ({ action: 'insert', table: 'item', record: { id } })),
  })
  await shop.module().importSnapshot({ tables: { item: [{ id: 'c' }] } })
  await shop.write('delete', 'staff', { id: 's1' })
  await shop.context().mirror.flush()
  expect(provenSequences(mirrorPath(shop))).toEqual(upTo(34))
  expect(readFileSync(mirrorPath(shop), 'utf8')).not.toContain('1234')
  await shop.reopen()
  expect(provenSequences(mirrorPath(shop))).toEqual(upTo(34))
  const meta = JSON.parse(readFileSync(join(mirrorPath(shop), '..', 'events.meta.json'), 'utf8')) as JsonObject
  expect(meta).toMatchObject({ lastEventId: shop.events.at(-1)!.eventId, totalEvents: 34, currentDay: '2026-03-10' })
})

test('a tail that was torn at any byte, or lost in any line, is cut and completed from the table', async () => {
  const shop = await openWithEvents(12)
  await shop.store.close()
  const path = mirrorPath(shop)
  const whole = readFileSync(path)
  const random = new SeededRandom(9)
  const lastLine = whole.lastIndexOf(10, whole.length - 2) + 1
  const cuts = isTorture
    ? upTo(whole.length)
    : [
        0,
        1,
        lastLine - 1,
        lastLine,
        lastLine + 1,
        whole.length - 1,
        ...Array.from({ length: 12 }, () => random.below(whole.length)),
      ]
  for (const cut of cuts) {
    writeFileSync(path, whole)
    truncateSync(path, cut)
    await shop.reopen()
    expect([cut, readFileSync(path).equals(whole)]).toEqual([cut, true])
    await shop.store.close()
  }
  for (const tail of ['{"id":"evt-torn', '\0\0\0\0', 'x'.repeat(200_000)]) {
    writeFileSync(path, Buffer.concat([whole, Buffer.from(tail)]))
    await shop.reopen()
    expect(readFileSync(path).equals(whole)).toBe(true)
    await shop.store.close()
  }
})

test('a file of another history is set aside whole, and the day’s file is made anew', async () => {
  const shop = await openWithEvents(5)
  await shop.store.close()
  const path = mirrorPath(shop)
  const whole = readFileSync(path, 'utf8')
  const future = `${whole}{"id":"evt-x","sequence":99,"hash":"00"}\n`
  writeFileSync(path, future)
  await shop.reopen()
  expect(readFileSync(path, 'utf8')).toBe(whole)
  const [aside, ...more] = historyFiles(shop)
  expect([aside?.slice(0, 11), more]).toEqual(['superseded-', []])
  const folder = join(path, '..', '..', 'history', 'events')
  expect(readFileSync(join(folder, aside!), 'utf8')).toBe(future)
})

test('a day that is rotated twice keeps all of its lines; what comes next begins a new file', async () => {
  const shop = await openWithEvents(3)
  const { mirror } = shop.context()
  const target = join(mirrorPath(shop), '..', '..', 'history', 'events', '2026-03-10.log')
  expect(await mirror.rotate('2026-03-10')).toBe(target)
  await shop.write('insert', 'item', { id: 'a' })
  expect(await mirror.rotate('2026-03-10')).toBe(target)
  expect(await mirror.rotate('2026-03-10')).toBeNull()
  expect(provenSequences(target)).toEqual([1, 2, 3, 4])
  await shop.write('insert', 'item', { id: 'b' })
  await mirror.flush()
  expect(lines(mirrorPath(shop)).map((line) => JSON.parse(line).sequence)).toEqual([5])
})

test('lines that the disk refuses come later, in their order, and leave no hole', async () => {
  const shop = await openWithEvents(3)
  const { mirror } = shop.context()
  await mirror.flush()
  const path = mirrorPath(shop)
  // Nothing can be appended to a folder: a failure that every system and user gives.
  renameSync(path, `${path}.away`)
  mkdirSync(path)
  for (const id of ['a', 'b']) {
    await shop.write('insert', 'item', { id })
    await mirror.flush()
  }
  rmdirSync(path)
  renameSync(`${path}.away`, path)
  expect(provenSequences(path)).toEqual([1, 2, 3])
  // What the refused write may have left behind.
  writeFileSync(path, '{"id":"evt-part', { flag: 'a' })
  await shop.write('insert', 'item', { id: 'c' })
  await mirror.flush()
  expect(provenSequences(path)).toEqual(upTo(6))
})
