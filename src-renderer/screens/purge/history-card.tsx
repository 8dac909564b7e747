import { useState } from 'react'
import type { HistorySummary } from '../../../src-shared/protocol/management.ts'
import { Badge } from '../../components/badge.tsx'
import { Button } from '../../components/button.tsx'
import { Card } from '../../components/card.tsx'
import { ConfirmDialog } from '../../components/dialog.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { PurgeIcon, UndoIcon } from '../../components/icons.tsx'
import { Loaded } from '../../components/loaded.tsx'
import { largestSlices, StackedBar } from '../../components/stacked-bar.tsx'
import { CopyableCode, Timestamp } from '../../components/text.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { usePreferences } from '../../state/console-state.tsx'
import { useUndoPurge } from '../../state/mutations.ts'
import { type useHistory, useTables } from '../../state/queries.ts'

const SLICES = 5

export function HistoryCard({ history }: { history: ReturnType<typeof useHistory> }) {
  const { t } = useI18n()
  const [asked, setAsked] = useState<HistorySummary | null>(null)
  return (
    <Card title={t('purge.history.title')}>
      <Loaded query={history}>
        {(entries) =>
          entries.length === 0 ? (
            <EmptyState icon={<PurgeIcon size={28} />} title={t('purge.history.empty.title')}>
              {t('purge.history.empty.body')}
            </EmptyState>
          ) : (
            <ul className="lines">
              {entries.map((entry) => (
                <Entry key={entry.id} entry={entry} onUndo={() => setAsked(entry)} />
              ))}
            </ul>
          )
        }
      </Loaded>
      {asked && <UndoDialog entry={asked} onClose={() => setAsked(null)} />}
    </Card>
  )
}

function Entry({ entry, onUndo }: { entry: HistorySummary; onUndo(): void }) {
  const { t, format, labelOf } = useI18n()
  const { data: tables = [] } = useTables()
  const [{ hasDetails }] = usePreferences()
  const labels = new Map(tables.map((table) => [table.name, labelOf(table)]))
  const { createdAt, totalRecords, reason, requestedBy, restoredAt } = entry
  const slices = entry.tables.map(({ name, count }) => ({ id: name, label: labels.get(name) ?? name, value: count }))
  return (
    <li className="line" data-entry={entry.id}>
      <div className="line-words">
        <h3 className="line-title">
          <Timestamp iso={createdAt} isExact />
        </h3>
        <p className="line-facts">
          <strong>{t('count.records', { count: totalRecords })}</strong>
          <bdi>{reason ?? t('purge.history.noReason')}</bdi>
          {requestedBy && <span>{t('purge.history.by', { who: requestedBy })}</span>}
        </p>
        <StackedBar
          slices={largestSlices(slices, SLICES, t('snapshots.tables.more'))}
          label={t('purge.history.what')}
        />
        {hasDetails && (
          <p className="line-facts">
            <CopyableCode value={entry.id} />
          </p>
        )}
      </div>
      <div className="line-actions">
        {restoredAt ? (
          <Badge tone="neutral">{t('purge.history.restored', { time: format.dateTime(restoredAt) })}</Badge>
        ) : (
          <Button
            size="small"
            icon={<UndoIcon size={18} />}
            label={t('purge.undoOf', { time: format.dateTime(createdAt) })}
            onPress={onUndo}
          >
            {t('purge.undo')}
          </Button>
        )}
      </div>
    </li>
  )
}

function UndoDialog({ entry, onClose }: { entry: HistorySummary; onClose(): void }) {
  const { t, format } = useI18n()
  const undo = useUndoPurge()
  return (
    <ConfirmDialog
      title={t('purge.undo.title', { records: t('count.records', { count: entry.totalRecords }) })}
      action={t('purge.undo.button')}
      tone="primary"
      isBusy={undo.isPending}
      error={undo.error}
      onClose={onClose}
      onConfirm={() => undo.mutate({ entryId: entry.id }, { onSuccess: onClose })}
    >
      <p>{t('purge.undo.body', { time: format.dateTime(entry.createdAt) })}</p>
    </ConfirmDialog>
  )
}
