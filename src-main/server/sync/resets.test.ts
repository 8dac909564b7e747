import { afterEach, expect, test } from 'vitest'
import type { ModuleStore } from '../../store/api.ts'
import { declared, insert, line, startTestGateway, type TestClient, type TestGateway, undeclared } from './testing.ts'

let running: TestGateway | undefined

async function start(): Promise<TestGateway> {
  running = await startTestGateway()
  return running
}

afterEach(async () => {
  await running?.close()
  running = undefined
})

const CHANGES: [string, (module: ModuleStore, snapshotId: string) => Promise<unknown>, string[]][] = [
  ['module:purge', (module) => module.archives.purge({ tables: ['order_line'] }), []],
  ['module:reset', (module) => module.archives.reset({ scope: 'transactions', reason: 'test' }), []],
  ['module:restore', (module, snapshotId) => module.snapshots.restore(snapshotId, {}), ['kept']],
  ['module:import', (module) => module.importSnapshot({ tables: { order_line: [line('new')] } }), ['new']],
]

test.each(CHANGES)(
  '[R1] [R2] %s: event and directive, and a fresh snapshot for undeclared sockets',
  async (action, change, left) => {
    const gateway = await start()
    const module = gateway.store.getBranch('dar').getModule('pos')
    const [old, other, client] = [await undeclared(gateway), await undeclared(gateway), await declared(gateway)]
    const deaf = await declared(gateway, { tables: [] })
    await client.ask(insert('order_line', line('kept'), 'r1'))
    const { snapshotId } = await module.snapshots.take({ name: 'before' })
    await client.ask(insert('order_line', line('lost'), 'r2'))
    const before = module.head()
    const { serialized } = gateway.gateway.figures().channels.branch
    await change(module, snapshotId)
    const isOfModule = ({ type, table }: { type?: string; table?: string }): boolean =>
      type === 'server:event' && table === undefined
    const event = await client.next(isOfModule)
    const directive = await client.next('server:directive')

    expect(event).toMatchObject({ action, epoch: before.epoch, sequence: before.seq + 1 })
    expect(directive).toMatchObject({ directive: 'resync', reason: action.replace(':', '-'), moduleId: 'pos' })
    for (const socket of [old, other]) {
      await socket.next('server:directive')
      const snapshot = await socket.next('server:snapshot')
      expect(snapshot.modules.pos.version).toBe(before.seq + 1)
      expect(snapshot.modules.pos.tables.order_line.map(({ id }: { id: string }) => id)).toEqual(left)
    }
    // One event and one directive, whatever the number of sockets.
    expect(gateway.gateway.figures().channels.branch.serialized - serialized).toBe(2)
    expect(deaf.frames.at(-1)!.type).toBe('server:ready')

    const cursor = { pos: { epoch: before.epoch, seq: before.seq } }
    const ready = await client.hello({ protocol: 2, cursor })
    expect(ready).toMatchObject({ mode: 'snapshot', fullSync: { pos: 'snapshot-floor' } })
    await expectLive(gateway, [old, other, client], before.seq + 2)
  },
)

/** Everyone hears the next write, once. */
async function expectLive(gateway: TestGateway, clients: TestClient[], sequence: number): Promise<void> {
  const writer = await declared(gateway, { tables: [] })
  await writer.ask(insert('order_line', line('after'), 'after'))
  for (const client of clients) {
    await client.next((frame) => frame.recordRef?.id === 'after')
    const heard = client.frames.filter((frame) => frame.type === 'server:event' && frame.sequence === sequence)
    expect(heard).toHaveLength(1)
  }
}

test('[R3] a changed schema sends reload-schema', async () => {
  const gateway = await start()
  const client = await undeclared(gateway)
  const { schema } = gateway.store.schemas.getBranch('dar', 'pos')
  const changed = structuredClone(schema)
  const tables = (changed.tables ?? (changed.schema as { tables?: unknown }).tables) as { fields: object[] }[]
  tables[0]!.fields.push({ name: 'extra', type: 'string' })
  await gateway.store.schemas.saveBranch('dar', 'pos', changed, {})

  expect(await client.next('server:directive')).toMatchObject({
    directive: 'reload-schema',
    reason: 'schema-updated',
    moduleId: 'pos',
  })
})
