import type { OrderHeader, OrderLine, PosTables } from './pos-tables.ts'

/** A text in both languages. */
export interface Bilingual {
  ar?: string
  en?: string
}

/** Percent of 100, or an amount of the branch's currency. */
export interface Discount {
  type: 'percent' | 'amount'
  value: number
}

/** The branch's settings: one object, not a list. */
export interface Settings {
  /** 0.14 is 14 percent. */
  tax_rate?: number
  service_charge_rate?: number
  default_delivery_fee?: number
  /** ISO 4217. */
  currency?: string
  currency_symbol?: Bilingual
  restaurant_name?: Bilingual
  receipt_footer?: Bilingual
}

export interface ShiftSettings {
  opening_float?: number
}

/** Fields beside the schema's, which the server keeps. */
export interface AppOrder extends OrderHeader {
  tableLabel?: string | null
  customerName?: string | null
  serviceMode?: string
  posLabel?: string
  /** Of the whole order, in the branch's currency. */
  discountAmount?: number
}

export interface AppLine extends OrderLine {
  name?: Bilingual
  discount?: Discount | null
}

/** The tables of the module `pos`, with what the seeds keep beside the schema. */
export type AppTables = Omit<PosTables, 'order_header' | 'order_line'> & {
  order_header: AppOrder
  order_line: AppLine
  settings: Settings
  shift_settings: ShiftSettings
}
