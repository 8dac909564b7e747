import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Random } from '../../scripts/seed-history/random.ts'
import { SqliteConnection } from '../../src-main/store/sqlite/connection.ts'
import { send } from '../support/http.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import type { Operation } from './load/operation.ts'
import { RestLink } from './load/rest-link.ts'

export interface NumbersOptions {
  /** Numbers to draw. */
  numbers: number
  /** Stops drawing after this time, even when fewer were drawn. */
  limitMs: number
  seed: number
  allocators?: number
  onRound?(text: string): void
}

export interface NumbersReport {
  drawn: number
  crashes: number
  inRecords: number
  acknowledged: number
  /** Drawn for a request whose answer a crash took, named by the ledger. */
  namedByLedger: number
  problems: string[]
}

const MODULE = '/api/branches/dar/modules/pos'
const GAPS_PAGE = 1_000
/** A tenth of the numbers is drawn by inserts, inside the transaction of the record. */
const INSERT_SHARE = 0.1
const KILL_AFTER_MS = { least: 300, most: 4_000 }

/** What became of the numbers, from three sources. */
interface Ledger {
  /** Answers of the server: number -> request. */
  answered: Map<number, string>
  /** `gaps` of the server: number -> request. */
  gaps: Map<number, string>
  sent: Set<string>
  problems: string[]
}

/**
 * T29: 64 parallel allocators through kill -9. Every number from the first to the last must be in a record, in the
 * journal of a client, or named in the ledger with a request that was really sent.
 */
export async function runNumbers(options: NumbersOptions): Promise<NumbersReport> {
  const random = new Random(options.seed)
  const folder = mkdtempSync(join(tmpdir(), 'mishkah-numbers-'))
  const dataDir = join(folder, 'data')
  const ledger: Ledger = { answered: new Map(), gaps: new Map(), sent: new Set(), problems: [] }
  const allocators = options.allocators ?? 64
  const until = performance.now() + options.limitMs
  let crashes = 0
  try {
    const server = await startTestServer({ dataDir })
    try {
      while (ledger.answered.size < options.numbers && performance.now() < until && ledger.problems.length === 0) {
        const round = new Round(ledger, random, crashes)
        const drawing = Promise.all(
          Array.from({ length: allocators }, (_, index) => round.draw(server, index, options.numbers)),
        )
        await Promise.race([delay(random.integer(KILL_AFTER_MS.least, KILL_AFTER_MS.most)), drawing])
        await server.kill()
        await drawing
        await server.restart()
        crashes++
        await round.retry(server)
        await readGaps(server, ledger)
        options.onRound?.(
          `crash ${crashes}: ${ledger.answered.size} numbers answered, ${ledger.gaps.size} in the ledger`,
        )
      }
      return { crashes, ...(await explain(server, dataDir, ledger)) }
    } finally {
      await server.stop()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The life of one server: allocators that draw until it is killed. */
class Round {
  readonly #ledger: Ledger
  readonly #random: Random
  readonly #crashes: number
  readonly #lost: Operation[] = []
  #made = 0

  constructor(ledger: Ledger, random: Random, crashes: number) {
    this.#ledger = ledger
    this.#random = random
    this.#crashes = crashes
  }

  async draw(server: TestServer, index: number, wanted: number): Promise<void> {
    const link = new RestLink(server.url)
    try {
      while (this.#ledger.answered.size < wanted) {
        const operation = this.#operation(index)
        this.#ledger.sent.add(operation.id)
        if (!(await this.#take(link, operation))) return
      }
    } finally {
      link.close()
    }
  }

  /** Every second lost request is sent again, as a client that came back does; the others stay lost. */
  async retry(server: TestServer): Promise<void> {
    const link = new RestLink(server.url)
    for (const operation of this.#lost.filter((_, index) => index % 2 === 0)) {
      if (!(await this.#take(link, operation))) this.#ledger.problems.push(`${operation.id} was lost twice`)
    }
    link.close()
  }

  #operation(index: number): Operation {
    const id = `alloc-${this.#crashes}-${index}-${++this.#made}`
    if (!this.#random.chance(INSERT_SHARE)) return { id, client: '', kind: 'number', writes: [] }
    const record = { id: `ord-${id}`, shiftId: 'shift-1', statusId: 'open' }
    return { id, client: '', kind: 'insert', writes: [{ action: 'insert', table: 'order_header', record }] }
  }

  /** False when the answer was lost. */
  async #take(link: RestLink, operation: Operation): Promise<boolean> {
    const answer = await link.send(operation)
    const { answered, problems } = this.#ledger
    if (answer.kind === 'lost') {
      this.#lost.push(operation)
      return false
    }
    if (answer.kind === 'refused') problems.push(`${operation.id} was refused: ${answer.code}`)
    else if (answer.number) {
      const owner = answered.get(answer.number.value)
      if (owner !== undefined) problems.push(`${answer.number.value} was given to ${owner} and to ${operation.id}`)
      answered.set(answer.number.value, operation.id)
    }
    return true
  }
}

/** The newest gaps: those of the last crash are among them. */
async function readGaps(server: TestServer, { gaps }: Ledger): Promise<void> {
  const path = `${MODULE}/sequences/gaps?table=order_header&field=orderNumber&limit=${GAPS_PAGE}`
  const { body } = await send(server.url, path)
  for (const gap of (body as { gaps: { from: number; to: number; requestId: string | null }[] }).gaps) {
    for (let value = gap.from; value <= gap.to; value++) gaps.set(value, gap.requestId ?? 'unknown')
  }
}

async function explain(server: TestServer, dataDir: string, ledger: Ledger): Promise<Omit<NumbersReport, 'crashes'>> {
  const { body } = await send(server.url, `${MODULE}/sequences`)
  const { sequences } = body as { sequences: { table: string; field: string; last: number; rule: { start: number } }[] }
  const { last, rule } = sequences.find(({ table, field }) => table === 'order_header' && field === 'orderNumber')!
  const stored = storedNumbers(dataDir, ledger)
  const problems = [...ledger.problems]
  let namedByLedger = 0
  for (let value = rule.start; value <= last; value++) {
    const isStored = stored.has(value)
    const isAnswered = ledger.answered.has(value)
    if (isStored && isAnswered) problems.push(`${value} is in a record and was handed out, too`)
    if (isStored || isAnswered) continue
    const request = ledger.gaps.get(value)
    if (request !== undefined && ledger.sent.has(request)) namedByLedger++
    else problems.push(`nothing explains ${value} (the ledger says ${request ?? 'nothing'})`)
  }
  const drawn = last - rule.start + 1
  return {
    drawn,
    inRecords: stored.size,
    acknowledged: ledger.answered.size,
    namedByLedger,
    problems: problems.slice(0, 50),
  }
}

function storedNumbers(dataDir: string, { problems }: Ledger): Set<number> {
  const path = join(dataDir, 'branches', 'dar', 'sqlite', 'branch.db')
  const connection = SqliteConnection.open(path, { readonly: true })
  try {
    const rows = connection.prepare(`SELECT doc ->> '$.orderNumber' AS number FROM "pos/order_header"`).all()
    const numbers = new Set<number>()
    for (const { number } of rows as { number: string | null }[]) {
      const value = Number(/^DAR-(\d+)$/.exec(number ?? '')?.[1])
      if (Number.isNaN(value)) continue
      if (numbers.has(value)) problems.push(`two orders have the number ${value}`)
      numbers.add(value)
    }
    return numbers
  } finally {
    connection.close()
  }
}
