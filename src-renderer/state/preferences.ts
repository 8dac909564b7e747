import { isJsonObject, type JsonValue } from '../../src-shared/json.ts'
import type { Digits, Language } from '../i18n/formats.ts'
import { createStore } from './store.ts'

export type Theme = 'system' | 'light' | 'dark'

/** What this person chose on this machine. */
export interface Preferences {
  language: Language
  digits: Digits
  theme: Theme
  branchId: string | null
  moduleId: string | null
  /** The technician's layer is open. */
  hasDetails: boolean
  /** Table -> shown fields; tables without an entry show the default ones. */
  columns: Readonly<Record<string, readonly string[]>>
  /** Finished tasks whose result was read. */
  readTasks: readonly string[]
}

const KEY = 'mishkah-console'
const LANGUAGES = ['en', 'ar', 'pseudo'] as const
const THEMES = ['system', 'light', 'dark'] as const
const DIGITS = ['latin', 'arabic'] as const
const MAX_READ_TASKS = 200

/** Reads what was stored, however old or damaged: every wrong part becomes its default. */
export function parsePreferences(text: string | null, browserLanguage: string): Preferences {
  const stored = parseObject(text)
  return {
    language: oneOf(LANGUAGES, stored.language, browserLanguage.toLowerCase().startsWith('ar') ? 'ar' : 'en'),
    digits: oneOf(DIGITS, stored.digits, 'latin'),
    theme: oneOf(THEMES, stored.theme, 'system'),
    branchId: typeof stored.branchId === 'string' ? stored.branchId : null,
    moduleId: typeof stored.moduleId === 'string' ? stored.moduleId : null,
    hasDetails: stored.hasDetails === true,
    columns: readColumns(stored.columns),
    readTasks: stringsIn(stored.readTasks).slice(-MAX_READ_TASKS),
  }
}

function parseObject(text: string | null): Record<string, JsonValue | undefined> {
  try {
    const value = JSON.parse(text ?? '{}') as JsonValue
    return isJsonObject(value) ? value : {}
  } catch {
    return {}
  }
}

function readColumns(value: JsonValue | undefined): Record<string, string[]> {
  if (value === undefined || !isJsonObject(value)) return {}
  return Object.fromEntries(Object.entries(value).map(([table, fields]) => [table, stringsIn(fields)]))
}

function stringsIn(value: JsonValue | undefined): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : []
}

function oneOf<T extends string>(allowed: readonly T[], value: JsonValue | undefined, fallback: T): T {
  return allowed.find((entry) => entry === value) ?? fallback
}

/** Private windows may refuse storage; the choice then lasts as long as the page. */
function readStored(): string | null {
  try {
    return localStorage.getItem(KEY)
  } catch {
    return null
  }
}

function write(preferences: Preferences): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(preferences))
  } catch {
    // nothing to do: see readStored
  }
}

export function createPreferences() {
  const store = createStore(parsePreferences(readStored(), navigator.language))
  return {
    subscribe: store.subscribe,
    get: store.get,
    change(part: Partial<Preferences>): void {
      const next = { ...store.get(), ...part }
      store.set({ ...next, readTasks: next.readTasks.slice(-MAX_READ_TASKS) })
      write(store.get())
    },
  }
}

export type PreferencesStore = ReturnType<typeof createPreferences>
