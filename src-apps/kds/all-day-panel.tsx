import { useLocale } from '../shared/i18n.tsx'
import { useTexts } from './texts.ts'
import type { AllDayCount } from './tickets.ts'

/** How many of each item are still to be made, so that they go on the grill together. */
export function AllDayPanel({ counts }: { counts: readonly AllDayCount[] }) {
  const t = useTexts()
  const { textOf, format } = useLocale()
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard scrolls it
    <aside className="all-day" aria-label={t('allDay.title')} tabIndex={0}>
      <h2>{t('allDay.title')}</h2>
      <p className="soft">{counts.length > 0 ? t('allDay.body') : t('allDay.empty')}</p>
      <ul>
        {counts.map(({ itemId, name, quantity }) => (
          <li key={itemId} className="all-day-line" data-all-day={itemId}>
            <bdi className="item-count">{format.number(quantity)}</bdi>
            <span>{textOf(name)}</span>
          </li>
        ))}
      </ul>
    </aside>
  )
}
