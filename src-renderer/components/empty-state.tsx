import type { ReactNode } from 'react'

interface EmptyStateProps {
  icon: ReactNode
  title: ReactNode
  /** What belongs here and why there is nothing. */
  children: ReactNode
  action?: ReactNode
}

/** Nothing yet, nothing matches, or not allowed: the caller says which. */
export function EmptyState({ icon, title, children, action }: EmptyStateProps) {
  return (
    <div className="empty">
      <div className="empty-picture">{icon}</div>
      <h3 className="empty-title">{title}</h3>
      <p className="empty-body">{children}</p>
      {action}
    </div>
  )
}
