import { createContext, Fragment, type ReactNode, useContext, useMemo } from 'react'
import { I18nProvider as AriaI18nProvider } from 'react-aria-components'
import { ar } from '../strings/ar.ts'
import { en, type StringKey } from '../strings/en.ts'
import { createFormats, type Digits, type Formats, type Language } from './formats.ts'
import { formatMessage, type Message, type MessageTools, type Params, selectForm, splitTemplate } from './messages.ts'
import { pseudoMessage } from './pseudo.ts'

export interface I18n {
  language: Language
  direction: 'ltr' | 'rtl'
  format: Formats
  t(key: StringKey, params?: Params): string
  /** The same with elements as parameters. */
  rich(key: StringKey, params: Params<ReactNode>): ReactNode
  /** The catalogue's text if the key exists; for codes that the server sends. */
  find(key: string, params?: Params): string | undefined
  /** A label in the reader's language. */
  labelOf(thing: { label: string; labels?: { en?: string; ar?: string } }): string
}

const I18nContext = createContext<I18n | null>(null)

export function useI18n(): I18n {
  const i18n = useContext(I18nContext)
  if (!i18n) throw new Error('useI18n needs a LanguageProvider above it.')
  return i18n
}

export interface LanguageSettings {
  language: Language
  digits: Digits
  timeZone: string | undefined
}

export function createI18n({ language, digits, timeZone }: LanguageSettings): I18n {
  const format = createFormats(language, digits, timeZone)
  const direction = language === 'ar' ? 'rtl' : 'ltr'
  const plural = new Intl.PluralRules(language === 'ar' ? 'ar' : 'en')
  const tools: MessageTools = { direction, plural, formatNumber: format.number }
  const lookUp = (key: StringKey): Message =>
    language === 'ar' ? ar[key] : language === 'pseudo' ? pseudoMessage(en[key]) : en[key]
  return {
    language,
    direction,
    format,
    t: (key, params = {}) => formatMessage(lookUp(key), params, tools),
    rich: (key, params) =>
      splitTemplate(selectForm(lookUp(key), params, plural)).map((part, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the places of a template are its identity
        <Fragment key={index}>{index % 2 === 0 ? part : richParam(params[part], format)}</Fragment>
      )),
    find: (key, params = {}) => (key in en ? formatMessage(lookUp(key as StringKey), params, tools) : undefined),
    labelOf: ({ label, labels }) => (language === 'ar' ? labels?.ar : labels?.en) ?? label,
  }
}

function richParam(value: ReactNode, format: Formats): ReactNode {
  return typeof value === 'number' ? format.number(value) : <bdi>{value}</bdi>
}

export function LanguageProvider({ children, ...settings }: LanguageSettings & { children: ReactNode }) {
  const { language, digits, timeZone } = settings
  const i18n = useMemo(() => createI18n({ language, digits, timeZone }), [language, digits, timeZone])
  return (
    <I18nContext value={i18n}>
      <AriaI18nProvider locale={i18n.format.localeTag}>{children}</AriaI18nProvider>
    </I18nContext>
  )
}
