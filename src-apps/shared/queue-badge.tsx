import { useEffect, useState } from 'react'
import { useBranch } from './branch.tsx'
import { Button, Dialog } from './controls.tsx'
import { useQueue } from './hooks.ts'
import { useLocale } from './i18n.tsx'
import { ClockIcon, WarnIcon } from './icons.tsx'
import type { ParkedWrite, PendingWrite } from './sdk.ts'
import { useSharedTexts } from './texts.ts'

/** "3 not yet on the server": shown while it is true. Opens the list of what waits and what was refused. */
export function QueueBadge() {
  const t = useSharedTexts()
  const { store } = useBranch()
  const { pending, parked } = useQueue(store)
  const [isOpen, setOpen] = useState(false)
  const isShown = useLasting(pending.length > 0)
  if (!isShown && parked.length === 0 && !isOpen) return null
  return (
    <>
      <button
        type="button"
        className={`queue-badge ${parked.length > 0 ? 'queue-badge-parked' : ''}`}
        data-pending={pending.length}
        data-parked={parked.length}
        onClick={() => setOpen(true)}
      >
        {parked.length > 0 ? <WarnIcon size={18} /> : <ClockIcon size={18} />}
        <span>
          {parked.length > 0
            ? t('queue.parked', { count: parked.length })
            : t('queue.waiting', { count: pending.length })}
        </span>
      </button>
      {isOpen && <QueueSheet onClose={() => setOpen(false)} />}
    </>
  )
}

const MOMENT_MS = 400

/** A write that the server answers in a moment is not worth a flash. */
function useLasting(isTrue: boolean): boolean {
  const [isLasting, setLasting] = useState(false)
  useEffect(() => {
    if (!isTrue) {
      setLasting(false)
      return
    }
    const timer = window.setTimeout(() => setLasting(true), MOMENT_MS)
    return () => window.clearTimeout(timer)
  }, [isTrue])
  return isTrue && isLasting
}

export function QueueSheet({ onClose }: { onClose(): void }) {
  const t = useSharedTexts()
  const { pending, parked } = useQueue(useBranch().store)
  const isFragile = pending.some(({ isDurable }) => !isDurable)
  return (
    <Dialog title={t('queue.title')} shape="side" name="queue" onClose={onClose}>
      {isFragile && <p className="note note-warn">{t('link.fragile')}</p>}
      {parked.length > 0 && (
        <section className="queue-part">
          <h3>{t('queue.parked.title')}</h3>
          <p className="soft">{t('queue.parked.body')}</p>
          <ul className="queue-list">
            {parked.map((write) => (
              <ParkedLine key={write.id} write={write} />
            ))}
          </ul>
        </section>
      )}
      {pending.length > 0 && (
        <section className="queue-part">
          <h3>{t('queue.pending.title')}</h3>
          <ul className="queue-list">
            {pending.map((write) => (
              <li key={write.id} className="queue-line">
                <WriteWords write={write} />
              </li>
            ))}
          </ul>
        </section>
      )}
      {pending.length + parked.length === 0 && <p className="note">{t('queue.empty')}</p>}
    </Dialog>
  )
}

function ParkedLine({ write }: { write: ParkedWrite }) {
  const t = useSharedTexts()
  const { store } = useBranch()
  const [isSure, setSure] = useState(false)
  const { code, message } = write.reason
  return (
    <li className="queue-line" data-parked={write.id}>
      <WriteWords write={write} />
      <p className="tone-danger">{isKnown(code) ? t(`reason.${code}`) : t('reason.other', { message })}</p>
      <p className="queue-code">
        <bdi>{code}</bdi>
      </p>
      <div className="line-of-buttons">
        <Button onPress={() => void store.retryParked(write.id).catch(() => undefined)}>{t('queue.retry')}</Button>
        <Button
          variant={isSure ? 'danger' : 'ghost'}
          onPress={() => (isSure ? void store.discardParked(write.id) : setSure(true))}
        >
          {isSure ? t('queue.discard.sure') : t('queue.discard')}
        </Button>
      </div>
    </li>
  )
}

const KNOWN_REASONS = [
  'version-conflict',
  'record-exists',
  'record-not-found',
  'validation-failed',
  'forbidden',
] as const

function isKnown(code: string): code is (typeof KNOWN_REASONS)[number] {
  return KNOWN_REASONS.some((known) => known === code)
}

/** What a write is about, told by its tables; the most important comes first. */
const TOPICS = [
  ['order_payment', 'payment'],
  ['pos_shift', 'shift'],
  ['job_order_header', 'kitchen'],
  ['order_header', 'order'],
] as const

function WriteWords({ write }: { write: PendingWrite }) {
  const t = useSharedTexts()
  const { format } = useLocale()
  const topic =
    TOPICS.find(([table]) => write.operations.some((operation) => operation.table === table))?.[1] ?? 'other'
  const order = write.operations.find(({ table, record }) => table === 'order_header' && record.orderNumber)?.record
  return (
    <p className="queue-words">
      <strong>{t(`queue.what.${topic}`, { table: write.table })}</strong>
      {order && <bdi className="code">{String(order.orderNumber)}</bdi>}
      <span className="soft">{t('queue.since', { time: format.time(write.queuedAt) })}</span>
    </p>
  )
}
