import type { StoredEvent } from '../types.ts'

const previousTexts = new WeakMap<StoredEvent, string>()

/**
 * Keeps the stored record before an update beside its event, secret fields included: for rules about who may see the
 * record. Beside it and not in it, so that no way of sending an event can take it along.
 */
export function notePrevious(event: StoredEvent, recordText: string): void {
  previousTexts.set(event, recordText)
}

/** The record before an update; undefined for events that were read from the log. */
export function findPrevious(event: StoredEvent): string | undefined {
  return previousTexts.get(event)
}
