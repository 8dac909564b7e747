import type { ReactNode } from 'react'
import { useI18n } from '../i18n/i18n.tsx'
import { ErrorState } from './error-state.tsx'
import { WarnIcon } from './icons.tsx'

interface Loadable<T> {
  data: T | undefined
  error: Error | null
  dataUpdatedAt: number
  refetch(): unknown
}

/** The three faces of what is read from the server: loading, failed, there. What is there stays when a refresh fails. */
export function Loaded<T>({ query, children }: { query: Loadable<T>; children: (data: T) => ReactNode }) {
  const { t, format } = useI18n()
  const { data, error, dataUpdatedAt } = query
  if (data === undefined) {
    return error ? <ErrorState error={error} onRetry={() => void query.refetch()} /> : <Skeleton />
  }
  return (
    <>
      {error && (
        <p className="stale-note" role="status">
          <WarnIcon size={18} className="tone-warn" />
          {t('error.stale', { time: format.time(new Date(dataUpdatedAt).toISOString()) })}
        </p>
      )}
      {children(data)}
    </>
  )
}

export function Skeleton({ lines = 4 }: { lines?: number }) {
  const { t } = useI18n()
  return (
    <div className="skeleton" role="status">
      <span className="visually-hidden">{t('app.loading')}</span>
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other identity
        <span className="skeleton-line" key={line} />
      ))}
    </div>
  )
}
