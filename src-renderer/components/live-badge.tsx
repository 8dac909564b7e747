import { useI18n } from '../i18n/i18n.tsx'
import type { LiveState } from '../state/live-socket.ts'

/** A filled, a turning and a hollow dot: the shape differs, not only the colour. */
export function LiveBadge({ state }: { state: LiveState }) {
  const { t } = useI18n()
  return (
    <p className={`live live-${state}`} role="status" data-live={state}>
      <svg
        width="14"
        height="14"
        viewBox="0 0 14 14"
        aria-hidden="true"
        className={state === 'connecting' ? 'turning' : ''}
      >
        {state === 'connected' && <circle cx="7" cy="7" r="4.500" className="live-dot" />}
        {state === 'connecting' && <path d="M7 2a5 5 0 1 1-4.700 3.300" className="live-ring" />}
        {state === 'offline' && (
          <>
            <circle cx="7" cy="7" r="5" className="live-ring" />
            <path d="M3.800 10.200l6.400-6.400" className="live-ring" />
          </>
        )}
      </svg>
      <span>{t(`live.${state}`)}</span>
    </p>
  )
}
