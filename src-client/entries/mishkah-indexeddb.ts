/** `/static/lib/mishkah-indexeddb.js`: a cache of tables in the browser's database. */
export { MishkahIndexedDB } from '../indexeddb/adapter.ts'
