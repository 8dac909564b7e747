import type { ReactNode } from 'react'
import { type Tone, ToneIcon } from './badge.tsx'

interface ScreenHeadProps {
  title: ReactNode
  tone: Tone
  /** One plain sentence that says how things are. */
  sentence: ReactNode
  actions?: ReactNode
}

/** How every screen opens: its name, then its state in one sentence. */
export function ScreenHead({ title, tone, sentence, actions }: ScreenHeadProps) {
  return (
    <header className="screen-head">
      <div className="screen-titles">
        <h1 className="screen-title" tabIndex={-1}>
          {title}
        </h1>
        <p className="screen-sentence">
          <ToneIcon tone={tone} size={20} />
          <span>{sentence}</span>
        </p>
      </div>
      {actions && <div className="screen-actions">{actions}</div>}
    </header>
  )
}
