import type { BranchClient } from '../../support/branch-client.ts'

/** A write as its page has begun it: the id is the request id as long as nobody else changes the same records. */
export interface TriedWrite {
  id: string
  /** How many changes it has. */
  size: number
}

/**
 * Writes of tabs. One of which the page was told that it is kept must be in the server's log; each that is there, must be
 * there once, with all of its changes, and those of one tab in the order of writing.
 */
export class KeptWrites {
  readonly #byTab = new Map<string, readonly TriedWrite[]>()
  readonly #kept = new Set<string>()

  /** How many were kept. */
  get count(): number {
    return this.#kept.size
  }

  noteTried(tab: string, writes: readonly TriedWrite[]): void {
    this.#byTab.set(tab, writes)
  }

  noteKept(id: string): void {
    this.#kept.add(id)
  }

  /** Forgets what was checked. @returns The position to read the log from. */
  async begin(branch: BranchClient): Promise<number> {
    this.#byTab.clear()
    return ((await branch.send('GET', 'events?limit=1')).body as { version: number }).version
  }

  /** How often each request is in the log after the position. */
  async readLog(branch: BranchClient, after: number): Promise<Map<string, number>> {
    return new Map([...(await this.#read(branch, after))].map(([id, sequences]) => [id, sequences.length]))
  }

  /** @returns What is lost, doubled, unknown or out of order after the position. */
  async check(branch: BranchClient, after: number): Promise<string[]> {
    const problems: string[] = []
    const log = await this.#read(branch, after)
    for (const [tab, writes] of this.#byTab) {
      let last = 0
      for (const [index, { id, size }] of writes.entries()) {
        const sequences = log.get(id) ?? []
        log.delete(id)
        const what = `write ${index} of tab ${tab}`
        if (sequences.length === 0 && this.#kept.has(id)) problems.push(`LOST: ${what}`)
        if (sequences.length === 0) continue
        if (sequences.length !== size) problems.push(`DOUBLED: ${what} has ${size} changes and events ${sequences}`)
        if (sequences[0]! < last) problems.push(`${what} was overtaken`)
        last = sequences[0]!
      }
    }
    for (const [id, sequences] of log) problems.push(`nobody wrote ${id}, events ${sequences}`)
    return problems.slice(0, 20)
  }

  async #read(branch: BranchClient, after: number): Promise<Map<string, number[]>> {
    const { body } = await branch.send('GET', `events?after=${after}&limit=1000`)
    const { events } = body as { events: { sequence: number; meta: { clientMeta?: { requestId?: string } } }[] }
    const log = new Map<string, number[]>()
    for (const { sequence, meta } of events) {
      const id = meta.clientMeta?.requestId ?? `event ${sequence}`
      log.set(id, [...(log.get(id) ?? []), sequence])
    }
    return log
  }
}
