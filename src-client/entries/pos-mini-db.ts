/** `/static/pos/pos-mini-db.js`: the store for POS pages. */
export { createPosDb } from '../pos/create-pos-db.ts'
