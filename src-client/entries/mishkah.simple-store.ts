/** `/static/lib/mishkah.simple-store.js`: the store with the application's own names and watchers. */
export { createDB, createDBAuto } from '../simple/create-db.ts'
