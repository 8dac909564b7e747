import { useEffect, useState } from 'react'
import { StoreError } from '../sdk.ts'
import { useSharedTexts } from '../texts.ts'

const KNOWN = ['pairing-refused', 'sign-in-failed', 'forbidden', 'offline', 'rate-limited', 'https-required'] as const

const SECOND_MS = 1_000

/** Seconds until another try makes sense, counting down; 0 when it does now. */
export function useWait(problem: unknown): number {
  const seconds = waitOf(problem)
  const [left, setLeft] = useState(0)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another refusal begins another wait, as long as the last
  useEffect(() => {
    const end = Date.now() + seconds * SECOND_MS
    const show = () => setLeft(Math.max(0, Math.ceil((end - Date.now()) / SECOND_MS)))
    show()
    if (seconds === 0) return
    const timer = window.setInterval(show, SECOND_MS)
    return () => window.clearInterval(timer)
  }, [seconds, problem])
  return left
}

function waitOf(problem: unknown): number {
  const told = problem instanceof StoreError && problem.code === 'sign-in-locked' && problem.details.retryAfterSeconds
  return typeof told === 'number' ? told : 0
}

/** Why it was refused, in words. */
export function Problem({ problem, wait }: { problem: unknown; wait: number }) {
  const t = useSharedTexts()
  if (problem === undefined) return null
  const code = problem instanceof StoreError ? problem.code : ''
  const known = KNOWN.find((one) => one === code)
  const words = () => {
    if (wait > 0) return t('access.locked', { count: wait })
    if (code === 'sign-in-locked') return t('access.locked.over')
    if (known) return t(`access.error.${known}`)
    return t('reason.other', { message: problem instanceof Error ? problem.message : String(problem) })
  }
  return (
    <p className="note note-danger" role="alert" data-problem={code}>
      {words()}
    </p>
  )
}
