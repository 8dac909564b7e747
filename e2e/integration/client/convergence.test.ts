import { afterAll, beforeAll, expect, test } from 'vitest'
import { emptyContents, type MemoryContents } from '../../../src-client/storage/memory-storage.ts'
import { createStore } from '../../../src-client/store/create-store.ts'
import type { Store } from '../../../src-client/store/store.ts'
import { BranchClient } from '../../support/branch-client.ts'
import { startTestServer, type TestServer } from '../../support/server.ts'
import { badSocket, nodePlatform, seededRandom } from './support/node-platform.ts'

/** CLIENTS=50 for a long run. */
const CLIENTS = Number(process.env.CLIENTS ?? 16)
const ROUNDS = 25

let server: TestServer
let branch: BranchClient
beforeAll(async () => {
  server = await startTestServer()
  branch = new BranchClient(() => server.url)
})
afterAll(() => server?.stop())

interface Tablet {
  store: Store
  contents: MemoryContents
  /** Ids whose insert was confirmed to the application. */
  told: string[]
}

const seeds = process.env.SYNC_SEED ? process.env.SYNC_SEED.split(',').map(Number) : [11, Date.now() % 1_000_000]

test.each(seeds)('tablets on a bad network converge with the server and each other (seed %i)', async (seed) => {
  const random = seededRandom(seed)
  const prefix = `seed${seed}-`
  let isBad = true
  function open(contents: MemoryContents, told: string[]): Tablet {
    const openSocket = (url: string) => badSocket(url, random, () => isBad)
    const platform = nodePlatform({ contents, random, speed: 40, openSocket })
    const conflicts = { default: 'fields-merge', table_lock: 'server-wins' } as const
    const store = createStore({ branchId: 'dar', moduleId: 'pos', wsUrl: server.wsUrl, platform, conflicts })
    store.connect().catch(() => undefined)
    return { store, contents, told }
  }
  const tablets = Array.from({ length: CLIENTS }, () => open(emptyContents(), []))
  const inserted: string[] = []

  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, tablet] of tablets.entries()) {
      const { store, told } = tablet
      const dice = random()
      if (dice < 0.5) {
        const id = `${prefix}${index}-${round}`
        inserted.push(id)
        const write = store.insert('reservations', { id, status: 'booked', partySize: 1, name: id })
        write.then(
          () => told.push(id),
          () => undefined,
        )
        await write.queued
      } else if (dice < 0.8) {
        const rows = store.query('reservations', (row) => String(row.id).startsWith(prefix))
        const row = rows[Math.floor(random() * rows.length)]
        const change = { id: row?.id ?? '', version: row?.version ?? 1, [`f${index % 4}`]: round }
        if (row) await store.merge('reservations', change).queued
      } else if (dice < 0.84) {
        // The page is reloaded: only what was kept counts.
        await store.close()
        tablets[index] = open(tablet.contents, told)
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 4))
  }
  isBad = false
  await Promise.all(tablets.map(({ store }) => store.whenSynced()))
  // Everything that others did last is there when a read through the server says so and the events before it came.
  await Promise.all(tablets.map(({ store }) => store.fetchRecord('reservations', inserted[0]!)))
  await Promise.all(tablets.map(({ store }) => store.fetchRecord('reservations', inserted[0]!)))

  const rows = (await listRecords()).filter(({ id }) => id.startsWith(prefix))
  expect(rows.map(({ id }) => id).sort(), `seed ${seed}`).toEqual(inserted.sort())
  for (const { store, told } of tablets) {
    const mine = store.query('reservations', (row) => String(row.id).startsWith(prefix))
    expect(byId(mine), `seed ${seed}`).toEqual(byId(rows))
    expect(new Set(told).size).toBe(told.length)
    const others = store.parked().filter(({ reason }) => reason.code !== 'version-conflict')
    expect(others, `seed ${seed}`).toEqual([])
    await store.close()
  }
})

async function listRecords(): Promise<{ id: string }[]> {
  const rows: { id: string }[] = []
  for (;;) {
    const after = rows.length === 0 ? '' : `&afterId=${encodeURIComponent(rows.at(-1)!.id)}`
    const answer = await branch.send('GET', `tables/reservations?limit=1000${after}`)
    const page = (answer.body as { rows: { id: string }[] }).rows
    rows.push(...page)
    if (page.length < 1_000) return rows
  }
}

function byId(rows: readonly object[]): Record<string, object> {
  return Object.fromEntries(rows.map((row) => [(row as { id: string }).id, row]))
}
