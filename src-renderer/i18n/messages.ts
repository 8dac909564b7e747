/** A text, or its forms by plural category. `{name}` marks a parameter; a plural text chooses by `count`. */
export type Message = string | PluralForms
export type Catalogue = Readonly<Record<string, Message>>

export interface PluralForms {
  readonly zero?: string
  readonly one?: string
  readonly two?: string
  readonly few?: string
  readonly many?: string
  readonly other: string
}

/** The same keys; every plural has the six forms that Arabic knows. A missing key does not compile. */
export type Translated<C extends Catalogue> = {
  readonly [K in keyof C]: C[K] extends string ? string : Required<PluralForms>
}

export type Param = string | number
export type Params<T = Param> = Readonly<Record<string, T>>

export interface MessageTools {
  direction: 'ltr' | 'rtl'
  plural: Intl.PluralRules
  formatNumber(value: number): string
}

const PLACEHOLDER = /\{(\w+)\}/
const ISOLATE = '\u2068'
const POP_ISOLATE = '\u2069'
const STRONG_RTL = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/
const STRONG_LTR = /[A-Za-z\u00c0-\u02af]/

/** Picks the plural form. A catalogue without the form (English has two) falls back to `other`. */
export function selectForm(message: Message, params: Params<unknown>, plural: Intl.PluralRules): string {
  if (typeof message === 'string') return message
  const count = typeof params.count === 'number' ? params.count : 0
  // English has no category for nothing, but "no devices" reads better than "0 devices".
  if (count === 0 && message.zero !== undefined) return message.zero
  const category = plural.select(count)
  return message[category] ?? message.other
}

/** Text and parameter names in turn: even places are text, odd ones are names. */
export function splitTemplate(template: string): string[] {
  return template.split(PLACEHOLDER)
}

/** Keeps a name of the other direction (an id in Arabic, an Arabic label in English) from reordering the sentence. */
export function isolate(text: string, direction: 'ltr' | 'rtl'): string {
  const isForeign = direction === 'rtl' ? STRONG_LTR.test(text) || /[/\\:@#]/.test(text) : STRONG_RTL.test(text)
  return isForeign ? `${ISOLATE}${text}${POP_ISOLATE}` : text
}

export function formatMessage(message: Message, params: Params, tools: MessageTools): string {
  return splitTemplate(selectForm(message, params, tools.plural))
    .map((part, index) => (index % 2 === 0 ? part : formatParam(params[part], part, tools)))
    .join('')
}

function formatParam(value: Param | undefined, name: string, tools: MessageTools): string {
  if (value === undefined) return `{${name}}`
  return typeof value === 'number' ? tools.formatNumber(value) : isolate(value, tools.direction)
}
