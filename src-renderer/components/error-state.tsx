import { useI18n } from '../i18n/i18n.tsx'
import { ApiError } from '../state/api-error.ts'
import { Button } from './button.tsx'
import { EmptyState } from './empty-state.tsx'
import { KeyIcon, StopIcon } from './icons.tsx'
import { Code, CopyButton } from './text.tsx'

interface ErrorProps {
  error: Error
  onRetry?: (() => void) | undefined
}

function asApiError(error: Error): ApiError {
  return error instanceof ApiError ? error : new ApiError('internal', error.message)
}

/** What happened, what you can do, and the codes that support asks for. */
export function ErrorNote({ error, onRetry }: ErrorProps) {
  const { t, find } = useI18n()
  const known = asApiError(error)
  const text = find(`error.${known.code}`)
  const hint = find(`error.${known.code}.hint`) ?? known.hint
  const report = [known.code, known.message, known.traceId].filter(Boolean).join('\n')
  return (
    <div className="error-note" role="alert">
      <StopIcon className="tone-danger" />
      <div className="error-words">
        <p className="error-what">{text ?? <bdi>{known.message}</bdi>}</p>
        {hint && (
          <p>
            <bdi>{hint}</bdi>
          </p>
        )}
        {text && known.message !== text && known.status > 0 && (
          <p className="error-server">
            <bdi lang="en">{known.message}</bdi>
          </p>
        )}
        {known.fields.map(({ field, message }) => (
          <p key={field + message} className="error-server">
            <Code>{field}</Code> <bdi lang="en">{message}</bdi>
          </p>
        ))}
        <p className="error-codes">
          <span>
            {t('error.code')} <Code>{known.code}</Code>
          </span>
          {known.traceId && (
            <span>
              {t('error.trace')} <Code>{known.traceId}</Code>
            </span>
          )}
          <CopyButton value={report} label={t('error.copy')} />
        </p>
        {onRetry && (
          <Button size="small" onPress={onRetry}>
            {t('common.retry')}
          </Button>
        )}
      </div>
    </div>
  )
}

/** In the place of what could not be shown. */
export function ErrorState({ error, onRetry }: ErrorProps) {
  const { t } = useI18n()
  const { code } = asApiError(error)
  if (code === 'unauthorized' || code === 'forbidden') {
    return (
      <EmptyState icon={<KeyIcon size={28} />} title={t('error.notAllowed.title')}>
        {t('error.notAllowed.body')}
      </EmptyState>
    )
  }
  return <ErrorNote error={error} onRetry={onRetry} />
}
