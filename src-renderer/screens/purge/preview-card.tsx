import { useState } from 'react'
import type { PurgePreview } from '../../../src-shared/protocol/management.ts'
import { Badge } from '../../components/badge.tsx'
import { Button } from '../../components/button.tsx'
import { Card } from '../../components/card.tsx'
import { ConfirmDialog, FactList } from '../../components/dialog.tsx'
import { TextField } from '../../components/fields.tsx'
import { StopIcon } from '../../components/icons.tsx'
import { Loaded } from '../../components/loaded.tsx'
import { SimpleTable } from '../../components/simple-table.tsx'
import { StackedBar } from '../../components/stacked-bar.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { useConsole } from '../../state/console-state.tsx'
import { usePurge } from '../../state/mutations.ts'
import type { LabelledTable, usePurgePreview } from '../../state/queries.ts'

interface PreviewCardProps {
  tables: readonly LabelledTable[]
  chosen: readonly string[]
  preview: ReturnType<typeof usePurgePreview>
}

export function PreviewCard({ tables, chosen, preview }: PreviewCardProps) {
  const { t } = useI18n()
  const title = (
    <>
      <span className="step-number">{2}</span> {t('purge.step.preview')}
    </>
  )
  return (
    <Card title={title} className="preview">
      {chosen.length === 0 ? (
        <p className="soft">{t('purge.preview.none')}</p>
      ) : (
        <Loaded query={preview}>{(data) => <Preview preview={data} tables={tables} chosen={chosen} />}</Loaded>
      )}
    </Card>
  )
}

interface PreviewProps {
  preview: PurgePreview
  tables: readonly LabelledTable[]
  chosen: readonly string[]
}

function Preview({ preview, tables, chosen }: PreviewProps) {
  const { t, format, labelOf } = useI18n()
  const [reason, setReason] = useState('')
  const [isAsking, setAsking] = useState(false)
  const labels = new Map(tables.map((table) => [table.name, labelOf(table)]))
  const nameOf = (table: string): string => labels.get(table) ?? table
  const { totalRecords, blocked } = preview
  const stays = Math.max(0, tables.reduce((sum, { count }) => sum + count, 0) - totalRecords)
  const touched = preview.tables.filter(({ status }) => status !== 'empty')
  const canPurge = totalRecords > 0 && blocked.length === 0
  return (
    <>
      <p className="preview-sum" data-testid="purge-total">
        {totalRecords === 0
          ? t('purge.preview.empty')
          : t('purge.preview.ready', { records: t('count.records', { count: totalRecords }) })}
      </p>
      <StackedBar
        label={t('purge.preview.bar')}
        slices={[
          { id: 'removed', label: t('purge.preview.removed'), value: totalRecords, series: 'series-removed' },
          { id: 'stays', label: t('purge.preview.stays'), value: stays, series: 'series-1' },
        ]}
      />
      <Blocked blocked={blocked} />
      {touched.length > 0 && (
        <SimpleTable
          label={t('purge.step.preview')}
          rows={touched}
          keyOf={({ table }) => table}
          columns={[
            {
              id: 'table',
              title: t('purge.preview.table'),
              cell: ({ table }) => <bdi>{nameOf(table)}</bdi>,
              isHeader: true,
            },
            { id: 'count', title: t('purge.preview.count'), cell: ({ count }) => format.number(count), isNumber: true },
            {
              id: 'status',
              title: t('purge.preview.status'),
              cell: ({ status, reason: why }) => (
                <span className="soft">
                  {t(`purge.status.${status}`)}
                  {why && <bdi> ({why})</bdi>}
                </span>
              ),
            },
          ]}
        />
      )}
      <TextField
        label={t('purge.reason')}
        value={reason}
        onChange={setReason}
        placeholder={t('purge.reason.placeholder')}
      />
      <Button variant="danger" isDisabled={!canPurge} onPress={() => setAsking(true)}>
        {t('purge.button', { count: totalRecords })}
      </Button>
      {isAsking && (
        <PurgeDialog
          total={totalRecords}
          chosen={chosen}
          names={touched.map(({ table }) => nameOf(table))}
          reason={reason.trim()}
          onClose={() => setAsking(false)}
          onDone={() => {
            setReason('')
            setAsking(false)
          }}
        />
      )}
    </>
  )
}

function Blocked({ blocked }: { blocked: PurgePreview['blocked'] }) {
  const { t, find } = useI18n()
  if (blocked.length === 0) return null
  return (
    <div className="blocked" role="alert">
      <Badge tone="danger">{t('purge.blocked.title')}</Badge>
      <ul className="plain-list">
        {blocked.map(({ code, message }) => (
          <li key={code + message}>
            <StopIcon size={18} className="tone-danger" />
            <span>
              <bdi>{find(`error.${code}`) ?? message}</bdi> <bdi className="soft">{find(`error.${code}.hint`)}</bdi>
            </span>
          </li>
        ))}
      </ul>
    </div>
  )
}

interface PurgeDialogProps {
  total: number
  chosen: readonly string[]
  names: readonly string[]
  reason: string
  onClose(): void
  onDone(): void
}

function PurgeDialog({ total, chosen, names, reason, onClose, onDone }: PurgeDialogProps) {
  const { t, labelOf, format } = useI18n()
  const { branch } = useConsole()
  const purge = usePurge()
  const list = new Intl.ListFormat(format.localeTag, { type: 'conjunction' }).format(names)
  return (
    <ConfirmDialog
      title={t('purge.confirm.title', { records: t('count.records', { count: total }), branch: labelOf(branch) })}
      action={t('purge.confirm.button')}
      typedName={branch.branchId}
      isBusy={purge.isPending}
      error={purge.error}
      onClose={onClose}
      onConfirm={() => purge.mutate({ tables: chosen, reason }, { onSuccess: onDone })}
    >
      <FactList
        facts={[
          t('purge.confirm.tables', { tables: list }),
          t('purge.confirm.archive'),
          t('purge.confirm.log'),
          t('purge.confirm.devices'),
        ]}
      />
    </ConfirmDialog>
  )
}
