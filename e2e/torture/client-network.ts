import { isDeepStrictEqual } from 'node:util'
import { Random } from '../../scripts/seed-history/random.ts'
import { emptyContents, type MemoryContents } from '../../src-client/storage/memory-storage.ts'
import { createStore } from '../../src-client/store/create-store.ts'
import type { Store } from '../../src-client/store/store.ts'
import { nodePlatform } from '../integration/client/support/node-platform.ts'
import { BranchClient } from '../support/branch-client.ts'
import { CALM, type Disturbances, startFrameProxy, type Weather } from '../support/frame-proxy.ts'
import { startTestServer } from '../support/server.ts'
import { AckCounter } from './client/ack-counter.ts'
import { ToldWrites } from './client/told-writes.ts'

const TABLES = ['order_header', 'order_line', 'order_payment'] as const

const STORM: Weather = { delayMs: 8, cut: 0.004, lateCut: 0.006, silence: 0.001, repeat: 0.05, swap: 0.05 }

/** Waits of the clients are this many times shorter. */
const SPEED = 40
const CONVERGE_MS = 60_000
const ROUND_MS = 1_500

export interface ClientNetworkOptions {
  clients: number
  rounds: number
  seed: number
  onRound?(round: number, text: string): void
}

export interface ClientNetworkReport {
  clients: number
  acknowledged: number
  reloads: number
  conflicts: number
  disturbed: Disturbances
  problems: string[]
}

interface Tablet {
  name: string
  random: Random
  store: Store
  contents: MemoryContents
}

/**
 * Clients of the SDK in Node write through a proxy that cuts, delays, repeats and swaps frames, and are reloaded now and
 * then. When the weather clears, the server has exactly what they were told, and each of them shows what the server has.
 */
export async function runClientNetwork(options: ClientNetworkOptions): Promise<ClientNetworkReport> {
  const { clients, rounds, seed } = options
  const server = await startTestServer({ args: ['--log-level', 'error'] })
  const proxy = await startFrameProxy(() => server.wsUrl, seed, CALM)
  const branch = new BranchClient(() => server.url)
  const told = new ToldWrites(TABLES)
  const problems: string[] = []
  const acks = new AckCounter(ROUND_MS)
  let reloads = 0
  let conflicts = 0

  function open(contents: MemoryContents, random: Random): Store {
    const platform = nodePlatform({ contents, random: () => random.fraction(), speed: SPEED })
    const store = createStore({
      ...{ branchId: 'dar', moduleId: 'pos', wsUrl: proxy.wsUrl, platform },
      conflicts: { default: 'fields-merge' },
    })
    store.on('ack', (ack) => {
      told.noteAck(ack)
      acks.note()
    })
    store.on('parked', ({ table, reason }) => {
      // Two tablets have changed the same field: the second is refused, as fields-merge promises.
      if (reason.code === 'version-conflict') conflicts++
      else problems.push(`parked: ${table} ${reason.code} ${reason.message}`)
    })
    store.on('error', ({ code, message }) => {
      // A repeated publish is refused a second time, when nobody waits for it any more.
      if (code !== 'version-conflict') problems.push(`error: ${code} ${message}`)
    })
    store.connect().catch(() => undefined)
    return store
  }

  const tablets = Array.from({ length: clients }, (_, index): Tablet => {
    const [random, contents] = [new Random(seed, index), emptyContents()]
    return { name: `s${seed}-c${index}`, random, contents, store: open(contents, random) }
  })
  try {
    await told.begin(branch)
    await Promise.all(tablets.map(({ name, store }) => bounded(store.whenSynced(), () => standing(name, store))))
    proxy.weather = STORM
    for (let round = 1; round <= rounds; round++) {
      for (const tablet of tablets) {
        if (tablet.random.chance(0.04)) {
          // Only what was kept counts.
          reloads++
          await tablet.store.close()
          tablet.store = open(tablet.contents, tablet.random)
        } else await work(tablet, round, told)
      }
      // Most of what was written is answered in the storm, or lost in it.
      await acks.next(clients / 2).catch(() => undefined)
      options.onRound?.(round, `${told.count} writes acknowledged, ${JSON.stringify(proxy.done)}`)
    }
    proxy.weather = CALM
    await Promise.all(tablets.map(({ name, store }) => bounded(store.whenSynced(), () => standing(name, store))))
    problems.push(...(await told.check(branch)))
    const { version } = (await branch.send('GET', 'events?limit=1')).body as { version: number }
    const union = [...told.fold()].map(([table, records]) => ({ table, records: Object.fromEntries(records) }))
    for (const { name, store } of tablets) {
      await bounded(hearsAll(store, version), () => standing(name, store))
      for (const { table, records } of union) {
        const shown = Object.fromEntries(store.listTable(table).map((record) => [record.id, record]))
        if (!isDeepStrictEqual(shown, records)) problems.push(`${name} shows other records of ${table}`)
      }
    }
    return { clients, acknowledged: told.count, reloads, conflicts, disturbed: proxy.done, problems }
  } finally {
    for (const { store } of tablets) await store.close()
    await proxy.close()
    await server.stop()
  }
}

/** One thing that a tablet does; what it makes is kept when this resolves. */
async function work({ name, random, store }: Tablet, round: number, told: ToldWrites): Promise<void> {
  const dice = random.fraction()
  const id = `${name}-${round}`
  if (dice < 0.3) {
    const lines = ['a', 'b'].map((part) => ({ id: `${id}${part}`, orderId: id, quantity: round }))
    await store.batch([
      { action: 'insert', table: 'order_header', record: { id, statusId: 'open' } },
      ...lines.map((record) => ({ action: 'insert', table: 'order_line', record }) as const),
    ]).queued
    told.noteMade('order_header', id)
    for (const line of lines) told.noteMade('order_line', line.id)
  } else if (dice < 0.5) {
    await store.insert('order_payment', { id, orderId: id, paymentMethodId: 'cash', amount: round }).queued
    told.noteMade('order_payment', id)
  } else if (dice < 0.85) {
    const table = random.pick(['order_header', 'order_line'] as const)
    const records = store.listTable(table)
    if (records.length === 0) return
    const { id: key, version } = random.pick(records)
    const field = `field${random.integer(0, 3)}`
    await store.merge(table, { id: key, version, [field]: `${name} ${round}` }).queued
  } else if (dice < 0.9) {
    const payments = store.query('order_payment', ({ id: payment }) => String(payment).startsWith(`${name}-`))
    if (payments.length > 0) await store.remove('order_payment', String(random.pick(payments).id)).queued
  }
}

/** Resolves when the store has heard everything up to this position. */
async function hearsAll(store: Store, position: number): Promise<void> {
  const isThere = (): boolean => store.snapshot().version >= position
  while (!isThere()) {
    await new Promise<void>((resolve) => {
      const stops = [store.on('change', () => end()), store.on('status', () => end())]
      function end(): void {
        for (const stop of stops) stop()
        resolve()
      }
    })
  }
}

function standing(name: string, store: Store): string {
  const [pending, parked] = [store.pending().length, store.parked().length]
  return `${name} is ${store.status} at ${store.snapshot().version} with ${pending} pending and ${parked} parked`
}

async function bounded(work: Promise<void>, describe: () => string): Promise<void> {
  let deadline: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    deadline = setTimeout(() => reject(new Error(`does not converge: ${describe()}`)), CONVERGE_MS)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(deadline)
  }
}
