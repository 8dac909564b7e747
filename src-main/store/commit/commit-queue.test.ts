import { expect, test } from 'vitest'
import { AppError } from '../../../src-shared/errors.ts'
import type { JsonObject } from '../../../src-shared/json.ts'
import { checkModule, codeOf, command, DECLARED, dumpTables, only, openShop, snapshotTables } from '../test-support.ts'
import type { WriteCommand } from '../types.ts'

test('[W7] [W8] each ack comes before its own events, events in commit order, refusals in their place', async () => {
  const shop = await openShop()
  const heard: string[] = []
  shop.store.onEvent(({ seq, key }) => heard.push(`event ${seq} ${key}`))
  const module = shop.module()
  const commands: WriteCommand[] = [
    command('insert', 'item', { id: 'a' }),
    command('insert', 'item', { id: 'a', name: 'other' }),
    {
      operations: ['b', 'c'].map((id) => ({ action: 'insert', table: 'item', record: { id } })),
      caller: DECLARED,
      source: 'test',
    },
    command('merge', 'item', { id: 'a', name: 'A' }),
  ]
  await Promise.all(
    commands.map(
      (sent, index) =>
        new Promise<void>((resolve) => {
          module.write(
            sent,
            (result) => {
              heard.push(`ack ${index} at ${result.seq}`)
              resolve()
            },
            () => {
              heard.push(`refused ${index}`)
              resolve()
            },
          )
        }),
    ),
  )
  expect(heard).toEqual([
    'ack 0 at 1',
    'event 1 a',
    'refused 1',
    'ack 2 at 3',
    'event 2 b',
    'event 3 c',
    'ack 3 at 4',
    'event 4 a',
  ])
})

test('[P4] writes of two modules of a branch share commits; each module hears its own in order, without holes', async () => {
  const shop = await openShop({
    files: {
      'branches.config.json': { branches: { dar: { label: 'Dar', timeZone: 'UTC', modules: ['shop', 'annex'] } } },
      'modules.json': {
        modules: {
          shop: { schemaFallbackPath: 'schemas/shop.json', objects: ['settings'] },
          annex: { schemaFallbackPath: 'schemas/shop.json', objects: ['settings'] },
        },
      },
    },
  })
  let commits = 0
  shop.store.figures.onCommit(() => commits++)
  const acks: string[] = []
  const writes = Array.from({ length: 60 }, (_, index) => {
    const moduleId = index % 3 === 0 ? 'annex' : 'shop'
    const write = shop.module('dar', moduleId).writeAsync(command('insert', 'item', { id: `i${index}` }))
    return write.then(({ seq }) => acks.push(`${moduleId} ${seq}`))
  })
  await Promise.all(writes)
  expect(commits).toBe(1)
  expect(shop.events.map(({ moduleId, seq }) => `${moduleId} ${seq}`)).toEqual(acks)
  for (const moduleId of ['shop', 'annex']) {
    const seqs = shop.events.filter((event) => event.moduleId === moduleId).map((event) => event.seq)
    expect(seqs).toEqual(seqs.map((_, index) => index + 1))
    checkModule(shop.context('dar', moduleId), shop.module('dar', moduleId))
  }
})

test('[S5] whoever is answered first of a group sees what the whole group stored, and goes on seeing the truth', async () => {
  const shop = await openShop()
  const module = shop.module()
  await shop.write('insert', 'item', { id: 'first' })
  module.snapshot()
  const seen: [number, number, number][] = []
  const read = (): void => {
    seen.push([module.count('item'), module.snapshot().seq, (snapshotTables(module).item as JsonObject[]).length])
  }
  shop.store.onEvent(read)
  await new Promise<void>((resolve) => {
    module.write(command('insert', 'item', { id: 'a' }), read, () => undefined)
    module.write(command('insert', 'item', { id: 'b' }), read, () => undefined)
    module.write(
      command('delete', 'item', { id: 'first' }),
      () => resolve(),
      () => undefined,
    )
  })
  expect(seen).toEqual([
    [2, 4, 2],
    [2, 4, 2],
    [2, 4, 2],
    [2, 4, 2],
    [2, 4, 2],
  ])
  checkModule(shop.context(), module)
})

test('[S5] counts stay right when a snapshot is taken at the notice of an import with writes behind it', async () => {
  const shop = await openShop()
  const module = shop.module()
  shop.store.onNotice(() => module.snapshot())
  await Promise.all([
    shop.write('insert', 'item', { id: 'before' }),
    module.importSnapshot({ tables: { item: [{ id: 'imported' }] } }),
    shop.write('insert', 'item', { id: 'after' }),
  ])
  expect(dumpTables(shop.context()).item!.map(({ id }) => id)).toEqual(['imported', 'after'])
  checkModule(shop.context(), module)
})

test('listeners that throw cost nobody else an answer, an event or a count', async () => {
  const shop = await openShop()
  const heard: number[] = []
  shop.store.onEvent(() => {
    throw new Error('listener')
  })
  shop.store.figures.onCommit(() => {
    throw new Error('figures')
  })
  shop.store.onEvent(({ seq }) => heard.push(seq))
  const answers = await new Promise<string[]>((resolve) => {
    const answered: string[] = []
    const module = shop.module()
    module.write(
      command('insert', 'item', { id: 'a' }),
      () => {
        answered.push('a')
        throw new Error('ack')
      },
      () => undefined,
    )
    module.write(
      command('insert', 'item', { id: 'a', name: 'x' }),
      () => undefined,
      () => {
        answered.push('refused')
        throw new Error('error')
      },
    )
    module.write(
      command('insert', 'item', { id: 'b' }),
      () => {
        answered.push('b')
        resolve(answered)
      },
      () => undefined,
    )
  })
  expect(answers).toEqual(['a', 'refused', 'b'])
  expect(heard).toEqual([1, 2])
  checkModule(shop.context(), shop.module())
})

test('stopping answers what was accepted and refuses the rest with the reason', async () => {
  const shop = await openShop()
  const { queue } = shop.context().branch
  const accepted = Array.from({ length: 600 }, (_, index) => shop.write('insert', 'item', { id: `i${index}` }))
  const stopped = queue.stop(new AppError('restoring', 'A restore is running.'))
  expect(await shop.refusal('insert', 'item', { id: 'late' })).toBe('restoring')
  await stopped
  expect(queue.depth).toBe(0)
  expect(new Set((await Promise.all(accepted)).map(({ version }) => version))).toEqual(new Set([1]))
  await queue.stop(new AppError('stopping', 'The server stops.'))
  expect(await shop.refusal('insert', 'item', { id: 'later' })).toBe('restoring')
  expect(shop.module().count('item')).toBe(600)
})

test('a job that was refused beside others is run again alone: its neighbours are written once', async () => {
  const shop = await openShop()
  const { queue } = shop.context().branch
  const runs: string[] = []
  const jobs = [
    queue.run(() => runs.push('first')),
    queue.run(() => {
      runs.push('refused')
      throw new AppError('validation-failed', 'refused')
    }),
    queue.run(() => runs.push('last')),
  ]
  const item = shop.write('insert', 'item', { id: 'a' })
  expect(await Promise.all(jobs.map((job) => codeOf(job)))).toEqual(['none', 'validation-failed', 'none'])
  expect(runs).toEqual(['first', 'refused', 'first', 'refused', 'last'])
  expect((await item).version).toBe(1)
  expect(shop.events.map(({ seq, key }) => [seq, key])).toEqual([[1, 'a']])
})

test('[W8] events of a group wait for each other and are found meanwhile, whatever their number and kind', async () => {
  const shop = await openShop()
  const module = shop.module()
  const insert = (id: string, eventId?: string) => command('insert', 'item', { id }, eventId ? { eventId } : {})
  // Alone, one statement's worth, that and more; with events of a batch, which are of another kind, in between.
  let seq = 0
  for (const size of [1, 7, 8, 9, 40]) {
    const commands = Array.from({ length: size }, (_, index) => insert(`i-${size}-${index}`))
    const batch = { ...insert(''), operations: ['x', 'y'].map((id) => insert(`${id}-${size}`).operations[0]!) }
    commands.splice(size >> 1, 0, batch)
    const results = await Promise.all(commands.map((sent) => module.writeAsync(sent)))
    seq += size + 2
    expect(results.at(-1)!.seq).toBe(seq)
    expect(module.readEvents(0, 1_000).map((event) => event.seq)).toEqual(Array.from({ length: seq }, (_, n) => n + 1))
    checkModule(shop.context(), module)
  }
  // The second of a group that brings the same event id must see the first, which no statement has written yet.
  const [first, second] = await Promise.all(
    [insert('same-1', 'evt-same'), insert('same-2', 'evt-same')].map((sent) => module.writeAsync(sent)),
  )
  expect(only(first!).event!.eventId).toBe('evt-same')
  expect(only(second!).event!.eventId).not.toBe('evt-same')
  // One refusal in the middle: the group is carried out again, one by one, and nothing is there twice.
  const mixed = await Promise.allSettled(
    ['a', 'b', 'i-1-0', 'c'].map((id) =>
      module.writeAsync({
        ...insert(id),
        operations: [{ action: 'insert', table: 'item', record: { id, name: 'new' } }],
      }),
    ),
  )
  expect(mixed.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
  expect(module.readEvents(0, 1_000)).toHaveLength(seq + 5)
  checkModule(shop.context(), module)
})
