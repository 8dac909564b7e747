import type { ReactNode } from 'react'
import { BusyIcon, InfoIcon, OkIcon, StopIcon, WarnIcon } from './icons.tsx'

export type Tone = 'ok' | 'warn' | 'danger' | 'busy' | 'neutral'

const SHAPES = { ok: OkIcon, warn: WarnIcon, danger: StopIcon, busy: BusyIcon, neutral: InfoIcon }

/** Each state has its own shape, so that colour is never alone. */
export function ToneIcon({ tone, size = 18 }: { tone: Tone; size?: number }) {
  const Shape = SHAPES[tone]
  return <Shape size={size} className={`tone-${tone} ${tone === 'busy' ? 'turning' : ''}`} />
}

export function Badge({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span className={`badge badge-${tone}`}>
      <ToneIcon tone={tone} size={16} />
      <span>{children}</span>
    </span>
  )
}
