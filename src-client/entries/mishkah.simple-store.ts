/** `/static/lib/mishkah.simple-store.js`, and `mishkah-client/simple`: the store with the application's own names. */

export type { Db, DbOptions, DbStatus, ObjectDefinition, WatchOptions } from '../simple/create-db.ts'
export { createDB, createDBAuto } from '../simple/create-db.ts'
