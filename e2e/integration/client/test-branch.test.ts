import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { StoreError } from '../../../src-client/lib/store-error.ts'
import { emptyContents } from '../../../src-client/storage/memory-storage.ts'
import { createStore } from '../../../src-client/store/create-store.ts'
import type { Store, StoreRecord } from '../../../src-client/store/store.ts'
import { TestBranch, TestDevice } from '../../../src-client/testing/index.ts'
import type { JsonObject } from '../../../src-shared/json.ts'
import { startTestServer, type TestServer } from '../../support/server.ts'
import { nodePlatform } from './support/node-platform.ts'

/**
 * The branch in memory that the package gives to the tests of pages must answer as the server does: each case is played
 * on both, and what two stores see of it has to be the same.
 */
interface World {
  open(branchId?: string): Store
}

const schema: unknown = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../data/schemas/pos_schema.json'), 'utf8'),
)
const TABLE = 'order_payment'
const payment = (id: string, amount = 1) => ({ id, orderId: 'o', paymentMethodId: 'cash', amount })

/** What a case leaves to compare; records without their times. */
type Case = (writer: Store, reader: Store) => Promise<unknown>

const CASES: Readonly<Record<string, Case>> = {
  'an insert is acknowledged and heard': async (writer, reader) => {
    const ack = await writer.insert(TABLE, payment('new'))
    return [describeAck(ack), await heard(reader, 'new', 1)]
  },
  'the same insert again is a retry, with other content it is refused': async (writer) => {
    await writer.insert(TABLE, payment('twice'))
    const again = await writer.insert(TABLE, payment('twice'))
    return [describeAck(again), await refusal(writer.insert(TABLE, payment('twice', 2))), shown(writer, 'twice')]
  },
  'a change needs the version that it read': async (writer, reader) => {
    await writer.insert(TABLE, payment('locked'))
    const ack = await writer.merge(TABLE, { id: 'locked', amount: 5, version: 1 })
    const stale = await refusal(writer.merge(TABLE, { id: 'locked', amount: 9, version: 1 }))
    return [describeAck(ack), stale, await heard(reader, 'locked', 2)]
  },
  'a change of a record that is not there is refused': async (writer) =>
    refusal(writer.merge(TABLE, { id: 'nowhere', amount: 1 })),
  'a save inserts and then changes': async (writer, reader) => {
    const first = await writer.save(TABLE, payment('saved'))
    const second = await writer.save(TABLE, { id: 'saved', amount: 3 })
    return [describeAck(first), describeAck(second), await heard(reader, 'saved', 2)]
  },
  'a removed record is gone, its id goes on counting': async (writer, reader) => {
    await writer.insert(TABLE, payment('gone'))
    await heard(reader, 'gone', 1)
    const stale = await refusal(writer.remove(TABLE, { id: 'gone', version: 7 }))
    const ack = await writer.remove(TABLE, 'gone')
    await until(reader, () => reader.read(TABLE, 'gone') === undefined)
    const again = await writer.remove(TABLE, 'gone')
    const back = await writer.insert(TABLE, payment('gone'))
    return [stale, describeAck(ack), describeAck(again), describeAck(back), await heard(reader, 'gone', 2)]
  },
  'a batch is all or nothing, and heard at once': async (writer, reader) => {
    const seen: number[] = []
    const parts = () => reader.query(TABLE, ({ id }) => String(id).startsWith('part')).length
    reader.on('change', () => seen.push(parts()))
    const broken = await refusal(
      writer.batch([
        { action: 'insert', table: TABLE, record: payment('part-1') },
        { action: 'merge', table: TABLE, record: { id: 'nowhere', amount: 1 } },
      ]),
    )
    const left = await writer.fetchRecord(TABLE, 'part-1')
    const ack = await writer.batch([
      { action: 'insert', table: TABLE, record: payment('part-1') },
      { action: 'save', table: TABLE, record: payment('part-2') },
      { action: 'merge', table: TABLE, record: { id: 'part-1', amount: 2, version: 1 } },
    ])
    await until(reader, () => parts() === 2)
    return [broken, left, describeAck(ack), [...new Set(seen)].filter((count) => count === 1), shown(reader, 'part-1')]
  },
  'records can be asked for': async (writer) => {
    for (const id of ['ask-1', 'ask-2', 'ask-3']) await writer.insert(TABLE, { ...payment(id), orderId: 'asked' })
    const page = await writer.fetchList(TABLE, { filter: { orderId: 'asked' } })
    const [one, none] = [await writer.fetchRecord(TABLE, 'ask-2'), await writer.fetchRecord(TABLE, 'nowhere')]
    return [page.records.map(plain).map(({ id }) => id), one && plain(one), none]
  },
  'a snapshot on request brings the same': async (writer) => {
    await writer.insert(TABLE, payment('snap'))
    await writer.requestSnapshot()
    return shown(writer, 'snap')
  },
  'an alias means its table': async (writer) => {
    const ack = await writer.insert('payments', payment('alias'))
    return [describeAck(ack), shown(writer, 'alias')]
  },
}

describe('the branch in memory answers as the server does', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startTestServer()
  })
  afterAll(() => server?.stop())

  const real: World = {
    open: (branchId = 'dar') =>
      createStore({ branchId, schema, wsUrl: server.wsUrl, platform: nodePlatform({ contents: emptyContents() }) }),
  }
  const inMemory = (): World => {
    const branch = new TestBranch({ schema })
    return {
      open: (branchId = 'dar') => createStore({ branchId, schema, platform: new TestDevice({ branch }).platform }),
    }
  }

  test.each(Object.keys(CASES))('%s', async (name) => {
    const [expected, actual] = [await play(real, CASES[name]!), await play(inMemory(), CASES[name]!)]
    expect(actual).toEqual(expected)
  })

  test('a branch that is not there', async () => {
    const codes = [real, inMemory()].map(async (world) => {
      const store = world.open('nowhere')
      const code = await store.connect().catch((error: StoreError) => error.code)
      await store.close()
      return code
    })
    expect(await Promise.all(codes)).toEqual(['branch-not-found', 'branch-not-found'])
  })
})

async function play(world: World, run: Case): Promise<unknown> {
  const [writer, reader] = [world.open(), world.open()]
  try {
    for (const store of [writer, reader]) {
      await store.connect()
      await store.whenSynced()
    }
    return await run(writer, reader)
  } finally {
    await Promise.all([writer.close(), reader.close()])
  }
}

/** Resolves at the first change after which the condition holds. */
function until(store: Store, isTrue: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(() => reject(new Error('the change did not come')), 10_000)
    const stop = store.on('change', () => look())
    function look(): void {
      if (!isTrue()) return
      clearTimeout(deadline)
      stop()
      resolve()
    }
    look()
  })
}

async function heard(store: Store, id: string, version: number): Promise<unknown> {
  await until(store, () => store.read(TABLE, id)?.version === version)
  return shown(store, id)
}

function shown(store: Store, id: string): unknown {
  const record = store.read(TABLE, id)
  return record && plain(record)
}

/** The fields that the schema does not fill by itself. */
function plain({ id, orderId, paymentMethodId, amount, version, branchId }: StoreRecord): JsonObject {
  return {
    id: id!,
    orderId: orderId!,
    paymentMethodId: paymentMethodId!,
    amount: amount!,
    version: version!,
    branchId: branchId!,
  }
}

/** An ack without positions and times, which depend on what happened before. */
function describeAck(outcome: object): unknown {
  const { type, reason, action, table, recordRef, created, deleted, results, entry } = outcome as Record<string, never>
  const record = (entry as { record?: StoreRecord } | undefined)?.record
  return {
    ...{ type, reason, action, table, created, deleted, key: (recordRef as { key?: string } | undefined)?.key },
    record: record && plain(record),
    results: (results as object[] | undefined)?.map(describeAck),
  }
}

async function refusal(write: Promise<unknown>): Promise<unknown> {
  const error = (await write.then(
    () => undefined,
    (reason: unknown) => reason,
  )) as StoreError | undefined
  const { table, key, expectedVersion, currentVersion } = error?.details ?? {}
  const current = error?.current && plain(error.current)
  return { code: error?.code, table, key, expectedVersion, currentVersion, current }
}
