import { StrictMode } from 'react'
import { flushSync } from 'react-dom'
import { createRoot } from 'react-dom/client'
import { useQueue, useRecord, useStatus, useTable } from '../../../../src-client/react/index.ts'
import { createStore } from '../../../../src-client/store/create-store.ts'

const store = createStore({ branchId: 'dar' })
/** How often each component was rendered. */
const renders: Record<string, number> = {}

function count(name: string): void {
  renders[name] = (renders[name] ?? 0) + 1
}

function Lines({ orderId }: { orderId: string }) {
  count('lines')
  const lines = useTable(store, 'order_line', { orderId })
  return <li id="lines">{lines.map(({ id, quantity }) => `${id} ${quantity}`).join(', ')}</li>
}

function Order({ id }: { id: string | undefined }) {
  count(`order ${id}`)
  return <li id={`order-${id}`}>{String(useRecord(store, 'order_header', id)?.statusId)}</li>
}

function Menu() {
  count('menu')
  return <li id="menu">{useTable(store, 'menu_items').length}</li>
}

function State() {
  const { pending } = useQueue(store)
  return <li id="state">{`${useStatus(store)} ${pending.length}`}</li>
}

function Page({ orderId }: { orderId: string }) {
  return (
    <ul>
      <Lines orderId={orderId} />
      <Order id="react-1" />
      <Order id="react-2" />
      <Menu />
      <State />
    </ul>
  )
}

/** Shows the page and connects. `isStrict`: every effect twice, as React does while one develops. */
export async function start(isStrict: boolean): Promise<void> {
  root = createRoot(document.body.appendChild(document.createElement('main')))
  wrap = (orderId) => {
    const page = <Page orderId={orderId} />
    return isStrict ? <StrictMode>{page}</StrictMode> : page
  }
  show('react-1')
  await store.connect()
  await store.whenSynced()
}

let root: ReturnType<typeof createRoot>
let wrap: (orderId: string) => React.ReactNode

/** The lines of this order. */
export function show(orderId: string): void {
  flushSync(() => root.render(wrap(orderId)))
}

export function stop(): void {
  flushSync(() => root.unmount())
}

/** The counts since the last call. */
export function takeRenders(): Record<string, number> {
  const taken = { ...renders }
  for (const name of Object.keys(renders)) delete renders[name]
  return taken
}

export { store }
