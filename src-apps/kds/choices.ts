import { deviceMemory } from '../shared/preferences.ts'
import type { SectionChoice } from './tickets.ts'

/** What was chosen on this screen. */
export interface Choices {
  /** Null until somebody has chosen. */
  sections: SectionChoice | null
  isLarge: boolean
  isMuted: boolean
  hasAllDay: boolean
}

const KEY = 'mishkah-kds-screen'
const PARAMETER = 'section'

/** Reads what was stored, however damaged: every wrong part becomes its default. */
export function parseChoices(text: string | null): Choices {
  const stored = parseObject(text)
  return {
    sections: stored.sections === 'all' ? 'all' : sectionList(stored.sections),
    isLarge: stored.isLarge === true,
    isMuted: stored.isMuted === true,
    hasAllDay: stored.hasAllDay === true,
  }
}

/** `?section=section-grill`, several with commas, or `all`. Null when the address does not say. */
export function sectionsOfAddress(search: string): SectionChoice | null {
  const value = new URLSearchParams(search).get(PARAMETER)
  return value === 'all' ? 'all' : sectionList(value?.split(','))
}

function sectionList(value: unknown): string[] | null {
  if (!Array.isArray(value)) return null
  const ids = value.filter((id): id is string => typeof id === 'string').map((id) => id.trim())
  const known = [...new Set(ids.filter((id) => id !== ''))]
  return known.length > 0 ? known : null
}

function parseObject(text: string | null): Record<string, unknown> {
  try {
    return Object(JSON.parse(text ?? '{}')) as Record<string, unknown>
  } catch {
    return {}
  }
}

export interface ChoiceStore {
  get(): Choices
  change(part: Partial<Choices>): void
  subscribe(listener: () => void): () => void
}

/** The choices of this device; an address that names sections wins until others are chosen here. */
export function createChoices(): ChoiceStore {
  const stored = parseChoices(deviceMemory.read(KEY))
  const named = sectionsOfAddress(window.location.search)
  let current: Choices = named ? { ...stored, sections: named } : stored
  const listeners = new Set<() => void>()
  return {
    get: () => current,
    change(part) {
      current = { ...current, ...part }
      deviceMemory.write(KEY, JSON.stringify(current))
      if (part.sections !== undefined) forgetAddress()
      for (const listener of listeners) listener()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function forgetAddress(): void {
  const address = new URL(window.location.href)
  address.searchParams.delete(PARAMETER)
  window.history.replaceState(null, '', address)
}
