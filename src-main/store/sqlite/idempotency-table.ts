import type { SqliteConnection, Statement } from './connection.ts'

/** First answers to requests of known clients, kept 7 days. */
export class IdempotencyTable {
  readonly #find: Statement
  readonly #add: Statement
  readonly #trim: Statement

  constructor(connection: SqliteConnection) {
    this.#find = connection.prepare(
      'SELECT hash, answer FROM idempotency WHERE client = ? AND module = ? AND request = ?',
    )
    this.#add = connection.prepare('INSERT INTO idempotency VALUES (?, ?, ?, ?, ?, ?)')
    this.#trim = connection.prepare('DELETE FROM idempotency WHERE at < ?')
  }

  find(client: string, module: string, request: string): { hash: string; answer: string } | undefined {
    return this.#find.get(client, module, request) as { hash: string; answer: string } | undefined
  }

  add(client: string, module: string, request: string, hash: string, answer: string, at: number): void {
    this.#add.run(client, module, request, hash, answer, at)
  }

  /** Forgets answers older than an instant in milliseconds. */
  trim(before: number): number {
    return this.#trim.run(before).changes
  }
}
