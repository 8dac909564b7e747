import type { ReactNode } from 'react'
import { Mark } from './icons.tsx'

/** In the place of the whole console: starting, not reachable, nothing to show. */
export function StartPage({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <main className="start-page">
      <div className="start-card">
        <Mark size={56} />
        <h1 className="start-title">{title}</h1>
        {children}
      </div>
    </main>
  )
}
