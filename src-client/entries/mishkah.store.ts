/** `/static/lib/mishkah.store.js`: the core store. */

export { StoreError } from '../lib/store-error.ts'
export { createStore } from '../store/create-store.ts'
