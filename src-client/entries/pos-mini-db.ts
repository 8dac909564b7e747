/** `/static/pos/pos-mini-db.js`, and `mishkah-client/pos`: the store for POS pages. */

export type { PosDb, PosDbOptions, PosDbResult, PosOrder } from '../pos/create-pos-db.ts'
export { createPosDb } from '../pos/create-pos-db.ts'
