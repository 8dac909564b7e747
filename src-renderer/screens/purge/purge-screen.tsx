import { useState } from 'react'
import type { HistorySummary } from '../../../src-shared/protocol/management.ts'
import { Card } from '../../components/card.tsx'
import { Loaded } from '../../components/loaded.tsx'
import { ScreenHead } from '../../components/screen-head.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { useConsole } from '../../state/console-state.tsx'
import { type LabelledTable, useHistory, usePurgePreview, useTables } from '../../state/queries.ts'
import { useNow } from '../../state/use-now.ts'
import { HistoryCard } from './history-card.tsx'
import { PreviewCard } from './preview-card.tsx'
import { TableChoice } from './table-choice.tsx'

export function PurgeScreen() {
  const { branch, moduleId } = useConsole()
  const tables = useTables()
  const history = useHistory()
  return (
    <>
      <Head entries={history.data} />
      <Loaded query={tables}>{(list) => <Wizard key={`${branch.branchId}/${moduleId}`} tables={list} />}</Loaded>
      <HistoryCard history={history} />
    </>
  )
}

function Head({ entries }: { entries: readonly HistorySummary[] | undefined }) {
  const { t, format } = useI18n()
  const now = useNow()
  const last = entries?.[0]
  const records = t('count.records', { count: last?.totalRecords ?? 0 })
  const sentence = last
    ? t(last.restoredAt ? 'purge.sentence.lastRestored' : 'purge.sentence.last', {
        time: format.relative(last.createdAt, now),
        records,
      })
    : t(entries ? 'purge.sentence.none' : 'purge.sentence')
  return <ScreenHead title={t('purge.title')} tone="neutral" sentence={sentence} />
}

/** Two steps side by side: which tables, and what would happen. */
function Wizard({ tables }: { tables: readonly LabelledTable[] }) {
  const { t } = useI18n()
  const [chosen, setChosen] = useState<readonly string[]>(() =>
    tables.filter(({ kind }) => kind === 'transaction').map(({ name }) => name),
  )
  const preview = usePurgePreview(chosen)
  return (
    <div className="columns columns-purge">
      <Card
        title={
          <>
            <span className="step-number">{1}</span> {t('purge.step.tables')}
          </>
        }
        note={t('purge.chosen', { count: chosen.length })}
      >
        <TableChoice tables={tables} chosen={chosen} onChange={setChosen} />
      </Card>
      <PreviewCard tables={tables} chosen={chosen} preview={preview} />
    </div>
  )
}
