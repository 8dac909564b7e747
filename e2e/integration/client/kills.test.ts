import { expect, test } from 'vitest'
import type { ServerAck } from '../../../src-shared/protocol/server-frames.ts'
import { BranchClient } from '../../support/branch-client.ts'
import { startTestServer } from '../../support/server.ts'
import { TestSocket } from '../../support/socket.ts'
import { ToldWrites } from '../../torture/client/told-writes.ts'
import { runClientKills } from '../../torture/client-kills.ts'

const KILLS = Number(process.env.KILLS ?? 20)
const seed = Number(process.env.TORTURE_SEED ?? Date.now() % 1_000_000)

test(`kill -9 of the server ${KILLS} times under two tablets and a kitchen display: it has what they were told`, {
  timeout: 300_000,
}, async () => {
  const report = await runClientKills({ kills: KILLS, seed })
  expect(report.problems, `seed ${seed}`).toEqual([])
  expect(report.acknowledged).toBeGreaterThan(KILLS * 20)
})

test('the comparison of server and pages notices a lost, a doubled, an untold and a changed write', async () => {
  const server = await startTestServer()
  try {
    const branch = new BranchClient(() => server.url)
    const socket = await TestSocket.enter(server.wsUrl, { branchId: 'dar', protocol: 2, requestSnapshot: false })
    const told = new ToldWrites(['order_line'])
    await told.begin(branch)
    const write = async (id: string, requestId: string): Promise<ServerAck> => {
      const record = { id, orderId: 'o', quantity: 1 }
      const ack = await socket.publish('insert', 'order_line', record, { requestId, meta: { requestId } })
      return ack as unknown as ServerAck
    }
    const first = await write('l-1', 'r-1')
    told.noteAck(first)
    expect(await told.check(branch)).toEqual([])

    told.noteMade('order_line', 'l-never')
    await write('l-2', 'r-untold')
    told.noteAck({ ...first, requestId: 'r-lost', sequence: 99 } as ServerAck)
    await branch.send('POST', 'tables/order_line', {
      record: { id: 'l-3', orderId: 'o', quantity: 1 },
      meta: { requestId: 'r-1' },
    })
    await branch.merge('order_line', { id: 'l-1', quantity: 5, version: 1 })
    expect((await told.check(branch)).map((problem) => problem.replace(/(?<=, stored|: told).*/, ''))).toEqual([
      'LOST: r-lost was told event 99',
      'NOT TOLD: event 3 of r-untold',
      'DOUBLED: event 4 of r-1',
      'NOT TOLD: event 5 of undefined',
      'LOST: order_line l-never was made 0 times',
      'order_line l-1: told',
      'order_line l-2: told',
      'order_line l-3: told',
    ])
    await socket.close()
  } finally {
    await server.stop()
  }
})
