import { useLocale } from '../shared/i18n.tsx'
import { WarnIcon } from '../shared/icons.tsx'
import type { Contact } from './contact.ts'
import { useTexts } from './texts.ts'

/** A kitchen that waits for orders which cannot come: impossible to miss, from across the room. */
export function OfflineBar({ contact: { link, heardAt } }: { contact: Contact }) {
  const t = useTexts()
  const { format } = useLocale()
  if (link !== 'away') return null
  return (
    <div className="offline" role="alert" data-offline={heardAt ?? ''}>
      <WarnIcon size={34} />
      <p>
        <strong>
          {heardAt === null
            ? t('away.unknown')
            : t('away.since', { time: format.time(new Date(heardAt).toISOString()) })}
        </strong>
        <span>{t('away.body')}</span>
      </p>
    </div>
  )
}
