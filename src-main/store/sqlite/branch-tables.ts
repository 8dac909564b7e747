import type { SqliteConnection } from './connection.ts'
import { eventTableName, quoteName, tombstoneTableName } from './identifiers.ts'

/** The layout of branch.db; raised with a migration here when it changes. */
export const LAYOUT_VERSION = 1

/**
 * Tables of a branch that belong to no module's schema.
 *
 * modules: one row a module. `definition` is the schema last applied, as read from its file. `epoch` counts restores;
 * the epoch began after `base_seq`, whose event hash was `base_hash`. Cursors below `snapshot_floor` need a full sync;
 * events up to `trimmed_seq` (hash `trimmed_hash`) have left the table. The live mirror holds events from `live_from`
 * of `live_day`.
 *
 * idempotency: the first answer to each request of a known client, in the transaction of the request itself.
 *
 * sequences: the last number drawn, by rule and period. sequence_ledger: every number or range that was handed out
 * before a record carried it, with who asked; `record_key` is set once a record does. sequence_rules: rules changed at
 * run time, which win over the file's.
 */
const BRANCH_DDL = `
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS modules (
  module TEXT PRIMARY KEY,
  definition TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  base_seq INTEGER NOT NULL,
  base_hash TEXT NOT NULL,
  snapshot_floor INTEGER NOT NULL,
  trimmed_seq INTEGER NOT NULL,
  trimmed_hash TEXT NOT NULL,
  live_from INTEGER NOT NULL,
  live_day TEXT NOT NULL,
  created_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seeded (module TEXT NOT NULL, tbl TEXT NOT NULL, at TEXT NOT NULL, records INTEGER NOT NULL,
  PRIMARY KEY (module, tbl)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS full_sync_flags (id TEXT PRIMARY KEY, module TEXT NOT NULL, enabled INTEGER NOT NULL,
  seqs TEXT NOT NULL, reason TEXT, requested_by TEXT, cleared_by TEXT, meta TEXT NOT NULL, updated_at TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS idempotency (client TEXT NOT NULL, module TEXT NOT NULL, request TEXT NOT NULL, hash TEXT NOT NULL,
  answer TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (client, module, request)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS idempotency_at ON idempotency (at);
CREATE TABLE IF NOT EXISTS sequences (module TEXT NOT NULL, tbl TEXT NOT NULL, field TEXT NOT NULL, period TEXT NOT NULL,
  last INTEGER NOT NULL, last_hash TEXT, updated_at TEXT NOT NULL, PRIMARY KEY (module, tbl, field, period)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sequence_rules (module TEXT NOT NULL, tbl TEXT NOT NULL, field TEXT NOT NULL, rule TEXT NOT NULL,
  updated_at TEXT NOT NULL, PRIMARY KEY (module, tbl, field)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sequence_ledger (
  entry INTEGER PRIMARY KEY, module TEXT NOT NULL, tbl TEXT NOT NULL, field TEXT NOT NULL, period TEXT NOT NULL,
  first INTEGER NOT NULL, last INTEGER NOT NULL, text TEXT, reason TEXT NOT NULL, request TEXT, client TEXT,
  at TEXT NOT NULL, record_key TEXT);
CREATE INDEX IF NOT EXISTS sequence_ledger_range ON sequence_ledger (module, tbl, field, period, first);
CREATE INDEX IF NOT EXISTS sequence_ledger_request ON sequence_ledger (module, request) WHERE request IS NOT NULL;
CREATE INDEX IF NOT EXISTS sequence_ledger_text ON sequence_ledger (module, tbl, field, text) WHERE text IS NOT NULL;
CREATE TABLE IF NOT EXISTS counters (module TEXT NOT NULL, tbl TEXT NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (module, tbl)) WITHOUT ROWID;
`

export function createBranchTables(connection: SqliteConnection): void {
  connection.transaction(() => {
    connection.exec(BRANCH_DDL)
    connection
      .prepare("INSERT INTO meta (key, value) VALUES ('layout', ?) ON CONFLICT (key) DO NOTHING")
      .run(String(LAYOUT_VERSION))
  })
  connection.assertDurable()
}

/**
 * The event log and the tombstones of a module.
 *
 * events: `record` is the record after the change without its secret fields, `private` the secret fields with their
 * own checksum; `fields` holds what module-wide events carry instead of a record. `grp` is "id/index/size" of an atomic
 * command. `hash` is SHA-256 over the hash before and the event's mirror line.
 *
 * tombstones: the version a deleted record had, so that a re-created one goes on from it.
 */
export function createModuleTables(connection: SqliteConnection, moduleId: string): void {
  const events = quoteName(eventTableName(moduleId))
  const tombstones = quoteName(tombstoneTableName(moduleId))
  connection.exec(`
CREATE TABLE IF NOT EXISTS ${events} (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, epoch INTEGER NOT NULL, action TEXT NOT NULL, tbl TEXT, key TEXT,
  record TEXT, private TEXT, fields TEXT, meta TEXT NOT NULL, grp TEXT, flags INTEGER NOT NULL, at TEXT NOT NULL, hash TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS ${tombstones} (
  tbl TEXT NOT NULL, key TEXT NOT NULL, seq INTEGER NOT NULL, version INTEGER NOT NULL, at TEXT NOT NULL,
  PRIMARY KEY (tbl, key)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS ${quoteName(`${tombstoneTableName(moduleId)}/seq`)} ON ${tombstones} (seq);
`)
}
