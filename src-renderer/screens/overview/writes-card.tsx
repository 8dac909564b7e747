import type { BranchServerStatus } from '../../../src-shared/protocol/management.ts'
import { BarChart } from '../../components/bar-chart.tsx'
import { Card } from '../../components/card.tsx'
import { useI18n } from '../../i18n/i18n.tsx'

export function WritesCard({ minutes }: { minutes: BranchServerStatus['writesPerMinute'] }) {
  const { t, format } = useI18n()
  const total = minutes.reduce((sum, { count }) => sum + count, 0)
  const peak = Math.max(0, ...minutes.map(({ count }) => count))
  const first = minutes[0]
  const summary = total === 0 ? t('overview.writes.none') : t('overview.writes.summary', { total, peak })
  return (
    <Card title={t('overview.writes.title')} note={t('overview.writes.caption')}>
      <BarChart
        bars={minutes.map(({ minute, count }, index) => ({
          id: minute,
          label: format.time(minute),
          value: count,
          isOpen: index === minutes.length - 1,
        }))}
        summary={summary}
        labelTitle={t('overview.writes.minute')}
        valueTitle={t('overview.writes.count')}
        ends={[first ? format.time(first.minute) : '', t('overview.writes.now')]}
        peakText={t('overview.writes.peak', { count: peak })}
      />
    </Card>
  )
}
