import { Random } from '../../scripts/seed-history/random.ts'
import type { JsonObject } from '../../src-shared/json.ts'
import { BranchClient } from '../support/branch-client.ts'
import { at } from '../support/json-paths.ts'
import { startTestServer } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'

export interface LockStormReport {
  updates: number
  conflicts: number
  problems: string[]
}

const TABLE = 'customer_profiles'
const RECORDS = 10
const WRITERS = 32

/** Reads a record, and writes it with the version that was read. */
interface Writer {
  read(id: string): Promise<JsonObject>
  /** Undefined for a conflict. */
  write(record: JsonObject): Promise<boolean>
}

/** T30: 32 writers, half over sockets and half over REST, add one to counters in ten records with version checks. */
export async function runLockStorm(options: { updates: number; seed: number }): Promise<LockStormReport> {
  const server = await startTestServer()
  const problems: string[] = []
  const random = new Random(options.seed)
  const sockets: TestSocket[] = []
  const client = new BranchClient(() => server.url)
  let left = options.updates
  let conflicts = 0
  try {
    for (let index = 0; index < RECORDS; index++) {
      await client.insert(TABLE, { id: `counter-${index}`, name: 'Counter', count: 0 })
    }
    const work = async (writer: Writer): Promise<void> => {
      while (left > 0) {
        left--
        const id = `counter-${random.integer(0, RECORDS - 1)}`
        for (let tries = 0; ; tries++) {
          const current = await writer.read(id)
          if (await writer.write({ id, version: current.version!, count: Number(current.count) + 1 })) break
          conflicts++
          if (tries > 2_000) throw new Error(`${id}: a writer never came through`)
        }
      }
    }
    const writers: Writer[] = []
    for (let index = 0; index < WRITERS / 2; index++) {
      const socket = await TestSocket.enter(server.wsUrl, {
        branchId: 'dar',
        protocol: 2,
        requestSnapshot: false,
        tables: [],
      })
      sockets.push(socket)
      writers.push(socketWriter(client, socket, problems), restWriter(client, problems))
    }
    await Promise.all(writers.map(work))
    let total = 0
    for (let index = 0; index < RECORDS; index++) {
      const record = (await client.find(TABLE, `counter-${index}`))!
      total += Number(record.count)
      if (record.version !== Number(record.count) + 1) {
        problems.push(`counter-${index} is at ${record.count} in version ${record.version}`)
      }
    }
    if (total !== options.updates)
      problems.push(`LOST: ${options.updates} updates were acknowledged, ${total} are there`)
    return { updates: options.updates, conflicts, problems }
  } finally {
    for (const socket of sockets) await socket.close()
    await server.stop()
  }
}

function restWriter(client: BranchClient, problems: string[]): Writer {
  return {
    read: async (id) => (await client.find(TABLE, id))!,
    async write(record) {
      const { status, body } = await client.merge(TABLE, record)
      if (status === 409 && at(body, 'error') === 'version-conflict') return false
      if (status !== 200) problems.push(`REST answered ${status}: ${JSON.stringify(body)}`)
      return true
    },
  }
}

function socketWriter(client: BranchClient, socket: TestSocket, problems: string[]): Writer {
  return {
    read: async (id) => (await client.find(TABLE, id))!,
    async write(record) {
      const answer = await socket.publish('merge', TABLE, record, { moduleId: 'pos' })
      if (answer.type === 'server:error' && answer.error === 'version-conflict') return false
      if (answer.type !== 'server:ack') problems.push(`the socket heard ${JSON.stringify(answer)}`)
      return true
    },
  }
}
