import { createContext, type ReactNode, useContext, useEffect, useMemo, useSyncExternalStore } from 'react'
import { createFormats, type Formats } from '../../src-renderer/i18n/formats.ts'
import {
  type Catalogue,
  formatMessage,
  type MessageTools,
  type Params,
  type Translated,
} from '../../src-renderer/i18n/messages.ts'
import { type AppLanguage, preferences } from './preferences.ts'

export type { Catalogue, Translated } from '../../src-renderer/i18n/messages.ts'

/** The language of the page and everything that depends on it. */
export interface Locale {
  language: AppLanguage
  direction: 'ltr' | 'rtl'
  format: Formats
  tools: MessageTools
  /** The text of a record in the reader's language, else in the other one. */
  nameOf(record: { nameAr?: string; nameEn?: string } | undefined): string
  /** The same for a field that holds both languages. */
  textOf(text: { ar?: string; en?: string } | undefined): string
}

const LocaleContext = createContext<Locale | null>(null)

export function useLocale(): Locale {
  const locale = useContext(LocaleContext)
  if (!locale) throw new Error('useLocale needs a LocaleProvider above it.')
  return locale
}

/** A receipt, for one, is printed in a language of its own. */
export function createLocale(language: AppLanguage, digits: 'latin' | 'arabic', timeZone?: string): Locale {
  const format = createFormats(language, digits, timeZone)
  const direction = language === 'ar' ? 'rtl' : 'ltr'
  const plural = new Intl.PluralRules(language)
  const textOf = (text: { ar?: string; en?: string } | undefined) =>
    (language === 'ar' ? text?.ar || text?.en : text?.en || text?.ar) ?? ''
  return {
    language,
    direction,
    format,
    tools: { direction, plural, formatNumber: format.number },
    nameOf: (record) =>
      textOf({
        ...(record?.nameAr !== undefined && { ar: record.nameAr }),
        ...(record?.nameEn !== undefined && { en: record.nameEn }),
      }),
    textOf,
  }
}

/** Sets language, direction and theme of the document as they are chosen on this device. */
export function LocaleProvider({ timeZone, children }: { timeZone?: string | undefined; children: ReactNode }) {
  const { language, digits, theme } = usePreferences()
  const locale = useMemo(() => createLocale(language, digits, timeZone), [language, digits, timeZone])
  useEffect(() => {
    document.documentElement.lang = language
    document.documentElement.dir = locale.direction
  }, [language, locale])
  useEffect(() => {
    const system = window.matchMedia('(prefers-color-scheme: dark)')
    const apply = () => {
      document.documentElement.dataset.theme = theme === 'system' ? (system.matches ? 'dark' : 'light') : theme
    }
    apply()
    system.addEventListener('change', apply)
    return () => system.removeEventListener('change', apply)
  }, [theme])
  return <LocaleContext value={locale}>{children}</LocaleContext>
}

export function usePreferences() {
  return useSyncExternalStore(preferences.subscribe, preferences.get)
}

export type Translate<C extends Catalogue> = (key: keyof C & string, params?: Params) => string

/**
 * Makes the hook that gives an app its texts: `const useTexts = createTexts(en, ar)`, then `const t = useTexts()` and
 * `t('cart.empty')`. A missing Arabic text does not compile.
 */
export function createTexts<C extends Catalogue>(en: C, ar: Translated<C>): () => Translate<C> {
  return () => {
    const locale = useLocale()
    return useMemo(() => createTranslate(en, ar, locale), [locale])
  }
}

/** The same outside of React, or for another language than the page's. */
export function createTranslate<C extends Catalogue>(en: C, ar: Translated<C>, locale: Locale): Translate<C> {
  const texts: Catalogue = locale.language === 'ar' ? ar : en
  return (key, params = {}) => formatMessage(texts[key]!, params, locale.tools)
}
