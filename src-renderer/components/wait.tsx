import { useEffect, useState } from 'react'
import { useI18n } from '../i18n/i18n.tsx'
import { ApiError } from '../state/api-error.ts'
import { ToneIcon } from './badge.tsx'
import { ErrorNote } from './error-state.tsx'

const SECOND_MS = 1_000

/** Whole seconds until a moment; 0 when it has passed, or for null. */
export function useSecondsUntil(atMs: number | null): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    setNow(Date.now())
    if (atMs === null || atMs <= Date.now()) return undefined
    const timer = window.setInterval(() => setNow(Date.now()), SECOND_MS)
    return () => window.clearInterval(timer)
  }, [atMs])
  return atMs === null ? 0 : Math.max(0, Math.ceil((atMs - now) / SECOND_MS))
}

/** "9:41" of seconds: a clock, left to right in any language. */
export function clockText(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

/** The end of the wait that a refusal imposes, on this machine's clock; null without one. */
export function useLockEnd(error: Error | null, failedAtMs: number): number | null {
  const seconds = error instanceof ApiError ? error.retryAfterSeconds : undefined
  return seconds === undefined ? null : failedAtMs + seconds * SECOND_MS
}

/** Why signing in was refused, and how long the next try has to wait. */
export function SignInError({ error, secondsLeft }: { error: Error; secondsLeft: number }) {
  const { t, rich } = useI18n()
  if (!(error instanceof ApiError) || error.retryAfterSeconds === undefined) return <ErrorNote error={error} />
  return (
    <p className="sign-in-wait" role="status">
      <ToneIcon tone={secondsLeft > 0 ? 'warn' : 'neutral'} />
      <span>
        {secondsLeft > 0
          ? rich('signIn.wait', {
              time: (
                <span dir="ltr" data-testid="lock-wait">
                  {clockText(secondsLeft)}
                </span>
              ),
            })
          : t('signIn.wait.over')}
      </span>
    </p>
  )
}
