/** `/static/lib/mishkah-indexeddb.js`, and `mishkah-client/indexeddb`: a cache of tables in the browser's database. */

export type { AdapterOptions, CacheAdapter, CachedTable, Mutator, TableMetadata } from '../indexeddb/adapter.ts'
export { MishkahIndexedDB } from '../indexeddb/adapter.ts'
