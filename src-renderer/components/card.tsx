import { type ReactNode, useId } from 'react'

interface CardProps {
  title?: ReactNode
  /** Beside the title. */
  actions?: ReactNode
  /** One sentence under the title. */
  note?: ReactNode
  children: ReactNode
  className?: string
}

export function Card({ title, actions, note, children, className = '' }: CardProps) {
  const titleId = useId()
  return (
    <section className={`card ${className}`} {...(title !== undefined && { 'aria-labelledby': titleId })}>
      {title !== undefined && (
        <header className="card-head">
          <div className="card-titles">
            <h2 className="card-title" id={titleId}>
              {title}
            </h2>
            {note !== undefined && <p className="card-note">{note}</p>}
          </div>
          {actions}
        </header>
      )}
      {children}
    </section>
  )
}
