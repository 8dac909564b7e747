import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CHEAP_COST } from '../../src-main/access/testing.ts'
import { appsDir, clientDir, consoleDir, defaultsDir } from '../../src-main/config/paths.ts'
import { silentLog } from '../../src-main/lib/log.ts'
import { startBranchServer } from '../../src-main/server/branch-server.ts'
import { serveHelper } from '../lib/helper-process.ts'

const PASSWORD = 'a password of the bench'
/** Each waiter has rights of its own, since the rule asks for the uid; all of them see every line but one field. */
const RULES = [
  {
    ...{ id: 'rows', table: 'order_line', roles: ['waiter'] },
    ...{ read: "record.kitchenSectionId != auth.uid and record.orderId != ''", write: 'record.itemId != auth.uid' },
  },
  { id: 'field', table: 'order_line', roles: ['waiter'], fields: ['metadata'], read: false, write: true },
]

const methods = {
  /** A closed branch with one cashier, whom no rule concerns, and waiters whom rules do. */
  async start({ folder, waiters }: { folder: string; waiters: number }) {
    mkdirSync(join(folder, 'config'), { recursive: true })
    writeFileSync(join(folder, 'config', 'policy.json'), JSON.stringify({ rules: RULES }))
    const server = await startBranchServer(
      {
        ...{
          port: 0,
          host: '127.0.0.1',
          dataDir: folder,
          legacyClients: false,
          openLan: false,
          openLanRole: 'cashier',
        },
        ...{ rateLimit: false, logLevel: 'warn', consoleDir, clientDir, appsDir, defaultsDir, version: '0.0.0-bench' },
        // The people are many and their passwords are not what is measured.
        ...{ adminPassword: PASSWORD, hashCost: CHEAP_COST },
      },
      { log: silentLog, notify: () => undefined },
    )
    const post = async (path: string, body: object, token?: string): Promise<{ accessToken: string }> => {
      const headers = { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) }
      const reply = await fetch(`${server.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
      if (!reply.ok) throw new Error(`${path}: ${reply.status} ${await reply.text()}`)
      return (await reply.json()) as { accessToken: string }
    }
    const signIn = async (user: string): Promise<string> =>
      (await post('/api/auth/login', { user, password: PASSWORD })).accessToken
    const admin = await signIn('admin')
    const add = async (user: string, role: string): Promise<string> => {
      await post('/api/manage/people', { user, role, password: PASSWORD }, admin)
      return signIn(user)
    }
    const plain = await add('plain', 'cashier')
    const ruled: string[] = []
    for (let index = 0; index < waiters; index++) ruled.push(await add(`waiter${index}`, 'waiter'))
    return { url: server.url, plain, ruled }
  },
}
export type ClosedServer = typeof methods

serveHelper(methods)
