/** The files of a small strict project that uses every sub-path of the package. */
export const PROJECT_FILES: Readonly<Record<string, string>> = {
  'package.json': '{ "private": true, "type": "module" }',

  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      target: 'es2022',
      module: 'nodenext',
      moduleResolution: 'nodenext',
      lib: ['es2022', 'dom'],
      types: [],
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      verbatimModuleSyntax: true,
      allowImportingTsExtensions: true,
      noEmit: true,
      // The declarations of the package are checked like our own.
      skipLibCheck: false,
    },
    include: ['*.ts'],
  }),

  'stores.ts': `
import { createStore, StoreError, type Store, type StoreOptions, type WriteHandle } from 'mishkah-client'
import { createDB, createDBAuto, type Db } from 'mishkah-client/simple'
import { createPosDb, type PosOrder } from 'mishkah-client/pos'
import { createDeviceSession, pairingSecretOf, type AccessState } from 'mishkah-client/auth'
import { MishkahIndexedDB } from 'mishkah-client/indexeddb'
import type { PosTables } from './pos-tables.ts'

const options: StoreOptions = { branchId: 'dar', conflicts: { order_header: 'fields-merge' } }
export const store: Store<PosTables> = createStore<PosTables>(options)
export const db: Db = createDB({ ...options, objects: { orders: 'order_header' } })
const session = createDeviceSession({ url: 'https://192.168.1.10:3201' })
export const state: AccessState = session.state
export const signedIn: Store = createStore({ ...options, getToken: session.getToken })
export const detach: () => void = session.attach(signedIn)
export const secret: string | undefined = pairingSecretOf('https://192.168.1.10:3201/pos/#pair=x')
export const auto = createDBAuto({ tables: [] }, undefined, options)

export async function main(): Promise<PosOrder | undefined> {
  const total: number | null | undefined = store.listTable('order_header')[0]?.totalDue
  const write: WriteHandle = store.insert('order_line', { orderId: 'o', quantity: total ?? 1 })
  const { isDurable }: { isDurable: boolean } = await write.queued
  // @ts-expect-error no such table
  store.listTable('order_heder')
  // @ts-expect-error no such field
  store.insert('order_line', { quantty: 1 })
  // @ts-expect-error a field has its type
  store.insert('order_line', { quantity: 'two' })
  try {
    await write
  } catch (error) {
    if (error instanceof StoreError && error.code === 'version-conflict') console.log(error.current, isDurable)
  }
  store.on('status', ({ status }) => status === 'ready')
  store.on('parked', ({ reason }) => console.log(reason.code))
  const adapter = MishkahIndexedDB.createAdapter({ namespace: 'dar', name: 'cache' })
  await adapter.mutate<{ id: string }>('orders', (draft) => draft.filter(({ id }) => id !== ''))
  const pos = await createPosDb({ branchId: 'dar' })
  return pos.db.getOrder('o')
}
`,

  'react.ts': `
import { useQueue, useRecord, useStatus, useTable } from 'mishkah-client/react'
import { db, store } from './stores.ts'
import type { OrderHeader, OrderLine } from './pos-tables.ts'

export function Page(): string {
  const orders: readonly OrderHeader[] = useTable(store, 'order_header')
  const lines: readonly OrderLine[] = useTable(store, 'order_line', { orderId: 'o' })
  const large = useTable(store, 'order_line', ({ quantity }) => (quantity ?? 0) > 1)
  const order: OrderHeader | undefined = useRecord(store, 'order_header', orders[0]?.id)
  const named: readonly { total: number }[] = useTable<{ total: number }>(db, 'orders')
  // @ts-expect-error no such table
  useTable(store, 'order_heder')
  const status: 'idle' | 'connecting' | 'open' | 'ready' | 'closed' = useStatus(store)
  return [status, lines.length + large.length + named.length, useQueue(db).pending.length, order?.id].join(' ')
}
`,

  'vue.ts': `
import { computed, ref } from 'vue'
import { useQueue, useRecord, useStatus, useTable } from 'mishkah-client/vue'
import { db, store } from './stores.ts'

export function setup() {
  const id = ref<string>()
  const least = ref(1)
  const order = useRecord(store, 'order_header', id)
  const lines = useTable(store, 'order_line', () => ({ orderId: id.value ?? '' }))
  const large = useTable(store, 'order_line', () => ({ quantity }) => (quantity ?? 0) > least.value)
  // @ts-expect-error a bare function would be taken for a getter
  useTable(store, 'order_line', ({ quantity }: { quantity?: number }) => quantity === 1)
  const label = computed(() => \`\${order.value?.orderNumber} \${lines.value.length} \${large.value[0]?.itemId}\`)
  return { label, named: useTable<{ total: number }>(db, 'orders'), status: useStatus(db), queue: useQueue(store) }
}
`,

  'svelte.ts': `
import { derived, type Readable } from 'svelte/store'
import { useQueue, useRecord, useStatus, useTable } from 'mishkah-client/svelte'
import { db, store } from './stores.ts'
import type { OrderHeader } from './pos-tables.ts'

export const orders: Readable<readonly OrderHeader[]> = useTable(store, 'order_header')
export const order: Readable<OrderHeader | undefined> = useRecord(store, 'order_header', 'o')
export const label = derived([orders, useStatus(store), useQueue(db)], ([list, status, queue]) => {
  return \`\${list[0]?.orderNumber} \${status} \${queue.pending.length}\`
})
`,

  'page.test.ts': `
import { createStore } from 'mishkah-client'
import { settle, TestBranch, TestDevice } from 'mishkah-client/testing'

const branch = new TestBranch({ tables: { orders: [{ id: 'a', status: 'open' }] } })
const tablet = new TestDevice({ branch })
const store = createStore<{ orders: { id: string; status: string } }>({ branchId: 'dar', platform: tablet.platform })
await store.connect()
tablet.setOnline(false)
const write = store.merge('orders', { id: 'a', status: 'ready' })
const { isDurable } = await write.queued
const shown = [store.read('orders', 'a')?.status, store.pending().length, branch.find('orders', 'a')?.status]
tablet.setOnline(true)
await tablet.clock.advance(15_000)
await write
await settle()
const stored: [string, number] = [String(branch.find('orders', 'a')?.status), store.pending().length]
await store.close()
console.log(JSON.stringify({ isDurable, shown, stored }))
`,
}

/** Run by Node in the project: the package against a real server, without a browser. */
export const LIVE_SCRIPT = `
import { createStore } from 'mishkah-client'
const store = createStore({ branchId: 'dar', wsUrl: process.argv[2] })
const warnings = []
store.on('warning', ({ code }) => warnings.push(code))
await store.connect()
const ack = await store.insert('order_payment', { id: 'from-node', orderId: 'o', paymentMethodId: 'cash', amount: 1 })
await store.whenSynced()
console.log(JSON.stringify({ type: ack.type, menu: store.listTable('menu_items').length, warnings }))
await store.close()
`
