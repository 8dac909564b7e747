import type { SqliteConnection } from './connection.ts'

/** Forgets at most `limit` answers to requests older than an instant in milliseconds; the number of forgotten ones. */
export function trimIdempotency(connection: SqliteConnection, before: number, limit: number): number {
  return connection
    .prepare(
      `DELETE FROM idempotency WHERE (client, module, request) IN
         (SELECT client, module, request FROM idempotency WHERE at < ? LIMIT ?)`,
    )
    .run(before, limit).changes
}
