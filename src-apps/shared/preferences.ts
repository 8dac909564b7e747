import type { Digits } from '../../src-renderer/i18n/formats.ts'

export type AppLanguage = 'en' | 'ar'
export type Theme = 'system' | 'light' | 'dark'

/** What was chosen on this device; the same for both apps. */
export interface Preferences {
  language: AppLanguage
  theme: Theme
  digits: Digits
}

const KEY = 'mishkah-apps'

/** Reads what was stored, however damaged: every wrong part becomes its default. */
export function parsePreferences(text: string | null, browserLanguage: string): Preferences {
  const stored = parseObject(text)
  return {
    language: oneOf(['en', 'ar'], stored.language, browserLanguage.toLowerCase().startsWith('ar') ? 'ar' : 'en'),
    theme: oneOf(['system', 'light', 'dark'], stored.theme, 'system'),
    digits: oneOf(['latin', 'arabic'], stored.digits, 'latin'),
  }
}

function parseObject(text: string | null): Record<string, unknown> {
  try {
    return Object(JSON.parse(text ?? '{}')) as Record<string, unknown>
  } catch {
    return {}
  }
}

function oneOf<T extends string>(allowed: readonly T[], value: unknown, fallback: T): T {
  return allowed.find((entry) => entry === value) ?? fallback
}

/** Text that outlives the page where the browser allows it. */
export const deviceMemory = {
  read(key: string): string | null {
    try {
      return localStorage.getItem(key)
    } catch {
      return null
    }
  },
  write(key: string, text: string | null): void {
    try {
      if (text === null) localStorage.removeItem(key)
      else localStorage.setItem(key, text)
    } catch {
      // Private windows may refuse; the choice then lasts as long as the page.
    }
  },
}

let current: Preferences | undefined
const listeners = new Set<() => void>()

export const preferences = {
  get(): Preferences {
    current ??= parsePreferences(deviceMemory.read(KEY), navigator.language)
    return current
  },
  change(part: Partial<Preferences>): void {
    current = { ...preferences.get(), ...part }
    deviceMemory.write(KEY, JSON.stringify(current))
    for (const listener of listeners) listener()
  },
  subscribe(listener: () => void): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
}
