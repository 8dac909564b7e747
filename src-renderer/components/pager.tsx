import { useI18n } from '../i18n/i18n.tsx'
import { Button } from './button.tsx'
import { BackIcon, ForwardIcon } from './icons.tsx'

interface PagerProps {
  page: number
  hasNext: boolean
  onPrevious(): void
  onNext(): void
  note: string
}

export function Pager({ page, hasNext, onPrevious, onNext, note }: PagerProps) {
  const { t } = useI18n()
  return (
    <nav className="pager" aria-label={t('tables.rows.pages')}>
      <span className="pager-note" role="status">
        {t('tables.rows.page', { page })} <span className="soft">{note}</span>
      </span>
      <Button size="small" isDisabled={page === 1} onPress={onPrevious} icon={<BackIcon size={18} />}>
        {t('tables.rows.previous')}
      </Button>
      <Button size="small" isDisabled={!hasNext} onPress={onNext} icon={<ForwardIcon size={18} />}>
        {t('tables.rows.next')}
      </Button>
    </nav>
  )
}
