import { type ReactNode, useEffect, useRef, useState } from 'react'
import { Button as AriaButton } from 'react-aria-components'
import type { Task } from '../../src-shared/protocol/management.ts'
import { useI18n } from '../i18n/i18n.tsx'
import { ApiError } from '../state/api-error.ts'
import { type Tone, ToneIcon } from './badge.tsx'
import { Button, IconButton } from './button.tsx'
import { ErrorNote } from './error-state.tsx'
import { CloseIcon, DownIcon } from './icons.tsx'
import { Progress } from './progress.tsx'
import { Timestamp } from './text.tsx'

interface TaskDrawerProps {
  tasks: readonly Task[]
  /** The result in words, with what can be done next. */
  resultOf(task: Task): ReactNode
  onRead(tasks: readonly Task[]): void
}

const TONES: Record<Task['state'], Tone> = { running: 'busy', done: 'ok', failed: 'danger', interrupted: 'warn' }

const RECENT_MS = 2 * 60_000

/** Still worth an open drawer when the page is loaded; older results wait folded. */
function isRecent({ state, finishedAt }: Task): boolean {
  return state === 'running' || (finishedAt !== null && Date.now() - Date.parse(finishedAt) < RECENT_MS)
}

/** Long work: on every screen, across reloads, until its result was read. */
export function TaskDrawer({ tasks, resultOf, onRead }: TaskDrawerProps) {
  const { t } = useI18n()
  const [chosen, setChosen] = useState<boolean | null>(null)
  const isOpen = chosen ?? tasks.some(isRecent)
  const ended = tasks.filter(({ state }) => state !== 'running')
  const finished = ended.length
  const running = tasks.length - finished
  // A drawer that was folded opens again for new work.
  const newest =
    tasks
      .map(({ startedAt }) => startedAt)
      .sort()
      .at(-1) ?? ''
  const seen = useRef(newest)
  useEffect(() => {
    if (newest > seen.current && seen.current !== '') setChosen(true)
    seen.current = newest
  }, [newest])
  if (tasks.length === 0) return null
  return (
    <section className="drawer" aria-label={t('tasks.title')}>
      <AriaButton className="drawer-head" aria-expanded={isOpen} onPress={() => setChosen(!isOpen)}>
        <strong>{t('tasks.title')}</strong>
        <span className="soft">
          {running > 0 && t('tasks.running', { count: running })}
          {running > 0 && finished > 0 && ' · '}
          {finished > 0 && t('tasks.finished', { count: finished })}
        </span>
        <DownIcon className={isOpen ? '' : 'drawer-arrow-shut'} />
      </AriaButton>
      {isOpen && (
        <ul className="drawer-list" aria-live="polite">
          {tasks.map((task) => (
            <TaskLine key={task.taskId} task={task} result={resultOf(task)} onRead={() => onRead([task])} />
          ))}
        </ul>
      )}
      {isOpen && finished > 1 && (
        <div className="drawer-foot">
          <Button size="small" variant="ghost" onPress={() => onRead(ended)}>
            {t('tasks.readAll')}
          </Button>
        </div>
      )}
    </section>
  )
}

function TaskLine({ task, result, onRead }: { task: Task; result: ReactNode; onRead(): void }) {
  const { t, find } = useI18n()
  const name = t(`tasks.kind.${task.kind}`)
  const step = find(`tasks.step.${task.step}`) ?? task.step
  return (
    <li className="task" data-task-state={task.state}>
      <ToneIcon tone={TONES[task.state]} size={20} />
      <div className="task-words">
        <div className="task-head">
          <strong>{name}</strong>
          <span className="soft">{t(`tasks.state.${task.state}`)}</span>
          <span className="soft task-time">
            <Timestamp iso={task.finishedAt ?? task.startedAt} />
          </span>
        </div>
        {task.state === 'running' && (
          <>
            <TaskProgress task={task} name={name} step={step} />
            <p className="task-step">{step}</p>
          </>
        )}
        {task.state === 'done' && <div className="task-result">{result}</div>}
        {task.state === 'interrupted' && <p>{t('tasks.interrupted')}</p>}
        {task.state === 'failed' && <ErrorNote error={errorOf(task)} />}
      </div>
      {task.state !== 'running' && (
        <IconButton label={t('tasks.readOf', { task: name })} icon={<CloseIcon size={18} />} onPress={onRead} />
      )}
    </li>
  )
}

function TaskProgress({ task, name, step }: { task: Task; name: string; step: string }) {
  const { t, format } = useI18n()
  const { progress } = task
  if (!progress || progress.total === 0) return <Progress label={`${name}: ${step}`} share={undefined} />
  const show = progress.unit === 'bytes' ? format.bytes : format.number
  const valueText = t('tasks.items', { done: show(progress.done), total: show(progress.total) })
  return (
    <>
      <Progress label={`${name}: ${step}`} share={progress.done / progress.total} valueText={valueText} />
      <p className="soft">{valueText}</p>
    </>
  )
}

function errorOf({ error }: Task): ApiError {
  if (!error) return new ApiError('internal', '')
  return new ApiError(error.error, error.message, {
    status: 500,
    ...(error.hint && { hint: error.hint }),
    ...(error.traceId && { traceId: error.traceId }),
    ...(error.errors && { fields: error.errors }),
  })
}
