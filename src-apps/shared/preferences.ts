import type { Digits } from '../../src-renderer/i18n/formats.ts'

export type AppLanguage = 'en' | 'ar'
export type Theme = 'system' | 'light' | 'dark'

/** What was chosen on this device. */
export interface Preferences {
  language: AppLanguage
  theme: Theme
  digits: Digits
}

/** Where the choices are kept, and what an app begins with. */
let key = 'mishkah-apps'
let habits: Partial<Preferences> = {}

/** Reads what was stored, however damaged: every wrong part becomes its default. */
export function parsePreferences(
  text: string | null,
  browserLanguage: string,
  begin: Partial<Preferences> = {},
): Preferences {
  const stored = { ...begin, ...parseObject(text) }
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
export interface Memory {
  read(key: string): string | null
  write(key: string, text: string | null): void
}

function memoryOf(storage: () => Storage): Memory {
  return {
    read(key) {
      try {
        return storage().getItem(key)
      } catch {
        return null
      }
    },
    write(key, text) {
      try {
        if (text === null) storage().removeItem(key)
        else storage().setItem(key, text)
      } catch {
        // Private windows may refuse; what was chosen then lasts as long as the page.
      }
    },
  }
}

/** For the device: all its tabs, until somebody clears the browser. */
export const deviceMemory = memoryOf(() => localStorage)
/** For one tab: survives its reload. */
export const tabMemory = memoryOf(() => sessionStorage)

let current: Preferences | undefined
const listeners = new Set<() => void>()

export const preferences = {
  /** For an app with habits and choices of its own; before anything is shown. */
  begin(name: string, first: Partial<Preferences>): void {
    key = name
    habits = first
    current = undefined
  },
  get(): Preferences {
    current ??= parsePreferences(deviceMemory.read(key), navigator.language, habits)
    return current
  },
  change(part: Partial<Preferences>): void {
    current = { ...preferences.get(), ...part }
    deviceMemory.write(key, JSON.stringify(current))
    for (const listener of listeners) listener()
  },
  subscribe(listener: () => void): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
}
