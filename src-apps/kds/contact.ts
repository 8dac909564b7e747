import { useEffect, useState } from 'react'
import type { AppStore } from '../shared/branch.tsx'
import { type Link, useLink } from '../shared/chrome.tsx'
import { useStatus } from '../shared/hooks.ts'
import { deviceMemory } from '../shared/preferences.ts'
import type { KitchenClock } from './clock.ts'

const KEY = 'mishkah-kds-heard'
const BEAT_MS = 10_000
const MEASURE_MS = 10 * 60_000

export interface Contact {
  link: Link
  /** When the server was heard last, by its own clock; null when that is not known. Survives a reload. */
  heardAt: number | null
}

/** Whether new orders can arrive, and since when not. Also keeps the clock right. */
export function useContact(store: AppStore, clock: KitchenClock): Contact {
  const link = useLink(store)
  const isReady = useStatus(store) === 'ready'
  const [heardAt, setHeardAt] = useState<number | null>(() => Number(deviceMemory.read(KEY)) || null)
  useEffect(() => {
    if (!isReady) return
    const note = () => deviceMemory.write(KEY, String(clock.now()))
    void clock.measure().then(note)
    const beat = window.setInterval(note, BEAT_MS)
    const measure = window.setInterval(() => void clock.measure(), MEASURE_MS)
    return () => {
      window.clearInterval(beat)
      window.clearInterval(measure)
      note()
      setHeardAt(clock.now())
    }
  }, [isReady, clock])
  return { link, heardAt }
}
