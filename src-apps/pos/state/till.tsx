import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react'
import { useAccess } from '../../shared/access/access.ts'
import { useBranch, useMoney, useSettings } from '../../shared/branch.tsx'
import { type Link, useLink } from '../../shared/chrome.tsx'
import { useTable } from '../../shared/hooks.ts'
import { useLocale } from '../../shared/i18n.tsx'
import type { Actor } from '../../shared/kitchen.ts'
import type { Minor } from '../../shared/money.ts'
import { type TotalsRules, totalsRules } from '../../shared/order-totals.ts'
import type { Employees, OrderTypes, PosShift, PosTerminals } from '../../shared/pos-tables.ts'
import { deviceMemory, tabMemory } from '../../shared/preferences.ts'
import { newId } from '../../shared/sdk.ts'
import { type Cart, emptyCart, isSent } from '../model/cart.ts'
import { buildMenu, type Menu } from '../model/menu.ts'
import { personName } from './names.ts'
import { type NumberBlock, openNumberBlock } from './number-block.ts'

/** The till that this device is: which terminal, and its open shift. */
export interface Place {
  terminal: PosTerminals | undefined
  shift: PosShift | undefined
  choose(terminalId: string | null): void
}

/** The terminal is chosen once and remembered by the device. */
export function usePlace(): Place {
  const { branchId, store } = useBranch()
  const key = `mishkah-till/${branchId}`
  const [terminalId, setTerminalId] = useState(() => deviceMemory.read(key))
  const terminals = useTable(store, 'pos_terminals')
  const shifts = useTable(store, 'pos_shift')
  const terminal = terminals.find(({ id }) => id === terminalId)
  const shift = terminal && shifts.find(({ posId, isClosed }) => posId === terminal.id && isClosed !== true)
  return {
    terminal,
    shift,
    choose(id) {
      deviceMemory.write(key, id)
      setTerminalId(id)
    },
  }
}

/** Everything that the screens of an open shift share. */
export interface Till {
  terminal: PosTerminals
  shift: PosShift
  cashier: Employees | undefined
  /** As the reader writes it; records keep `actor.name`. */
  cashierName: string
  /** What may be done with an order of this kind, as the branch has set it. */
  orderType: OrderTypes | undefined
  /** False for what is with the kitchen already and takes no more lines. */
  canAdd: boolean
  actor: Actor
  /** A share of 1. */
  allowedDiscountRate: number
  menu: Menu
  rules: TotalsRules
  deliveryFee: Minor
  link: Link
  numbers: NumberBlock
  cart: Cart
  changeCart(change: (cart: Cart) => Cart): void
  startOrder(cart?: Cart): void
  leave(): void
}

const TillContext = createContext<Till | null>(null)

export function useTill(): Till {
  const till = useContext(TillContext)
  if (!till) throw new Error('useTill needs a TillProvider above it.')
  return till
}

const USUAL_TYPE = 'takeaway'

interface ProviderProps {
  terminal: PosTerminals
  shift: PosShift
  onLeave(): void
  children: ReactNode
}

export function TillProvider({ terminal, shift, onLeave, children }: ProviderProps) {
  const { store } = useBranch()
  const { person } = useAccess()
  const settings = useSettings()
  const { currency, read } = useMoney()
  const { decimals } = currency
  const { textOf } = useLocale()
  const cashier = useTable(store, 'employees').find(({ id }) => id === shift.cashierId)
  const orderTypes = useTable(store, 'order_types')
  const link = useLink(store)
  const menu = useMenu(decimals)
  const rules = useMemo(() => totalsRules(settings, decimals), [settings, decimals])
  const numbers = useNumbers(link)
  const [cart, setCart] = useKeptCart(shift.id)
  const orderType = orderTypes.find(({ id }) => id === cart.orderTypeId)
  const till: Till = {
    ...{ terminal, shift, cashier, orderType, menu, rules, link, numbers, cart },
    cashierName: personName(cashier, textOf) || (shift.cashierName ?? ''),
    canAdd: orderType?.allowsLineAdditions === true || !cart.lines.some(isSent),
    // Who signed in, else whose shift it is. Rules compare the id with `auth.uid`.
    actor: person
      ? { id: person.id, name: person.name, role: person.role }
      : { id: shift.cashierId ?? null, name: shift.cashierName ?? '', role: shift.cashierRole ?? 'cashier' },
    allowedDiscountRate: cashier?.allowedDiscountRate ?? 0,
    deliveryFee: read(settings.default_delivery_fee),
    changeCart: setCart,
    startOrder: (next) => setCart((current) => next ?? newCart(current.orderTypeId)),
    leave: onLeave,
  }
  return <TillContext value={till}>{children}</TillContext>
}

/** After a table comes the way most orders go; others stay, so that a counter is pressed once a day. */
function newCart(lastType: string): Cart {
  return emptyCart(newId('order_header'), lastType === 'dine_in' ? USUAL_TYPE : lastType)
}

function useMenu(decimals: number): Menu {
  const { store } = useBranch()
  const menu_categories = useTable(store, 'menu_categories')
  const menu_items = useTable(store, 'menu_items')
  const menu_item_price = useTable(store, 'menu_item_price')
  const menu_modifiers = useTable(store, 'menu_modifiers')
  const menu_item_modifier = useTable(store, 'menu_item_modifier')
  return useMemo(
    () => buildMenu({ menu_categories, menu_items, menu_item_price, menu_modifiers, menu_item_modifier }, decimals),
    [menu_categories, menu_items, menu_item_price, menu_modifiers, menu_item_modifier, decimals],
  )
}

/** While the server is there, the block for the time without it is kept filled. */
function useNumbers(link: Link): NumberBlock {
  const { branchId, moduleId, store } = useBranch()
  const { fetch } = useAccess()
  const numbers = useMemo(() => openNumberBlock(branchId, moduleId, fetch), [branchId, moduleId, fetch])
  useEffect(() => {
    const epoch = store.snapshot().cursor?.epoch
    if (link === 'ready' && epoch !== undefined) void numbers.refill(epoch)
  }, [link, numbers, store])
  return numbers
}

/** What is on the counter survives a reload. It belongs to one shift and one tab: two tabs never ring up the same order. */
function useKeptCart(shiftId: string): [Cart, (change: (cart: Cart) => Cart) => void] {
  const key = `mishkah-cart/${shiftId}`
  const [cart, setCart] = useState<Cart>(() => {
    try {
      const kept = JSON.parse(tabMemory.read(key) ?? 'null') as Cart | null
      return kept ?? newCart(USUAL_TYPE)
    } catch {
      return newCart(USUAL_TYPE)
    }
  })
  useEffect(() => {
    tabMemory.write(key, JSON.stringify(cart))
  }, [key, cart])
  return [cart, setCart]
}
