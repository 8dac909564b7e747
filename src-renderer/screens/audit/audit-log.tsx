import { useReducer, useState } from 'react'
import { ToneIcon } from '../../components/badge.tsx'
import { Button } from '../../components/button.tsx'
import { Card } from '../../components/card.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { ErrorNote } from '../../components/error-state.tsx'
import { AuditIcon, RolesIcon } from '../../components/icons.tsx'
import { Loaded } from '../../components/loaded.tsx'
import { Pager } from '../../components/pager.tsx'
import { type SimpleColumn, SimpleTable } from '../../components/simple-table.tsx'
import { Code, Timestamp } from '../../components/text.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import type { AuditEntry } from '../../state/access.ts'
import { useVerifyAudit } from '../../state/access-mutations.ts'
import { type AuditFilter, useAudit } from '../../state/access-queries.ts'
import { usePreferences } from '../../state/console-state.tsx'
import { FIRST_PAGE, reducePages } from '../../state/pages.ts'
import { useActionName } from './action-name.ts'
import { AuditExport } from './audit-export.tsx'
import { AuditFilters } from './audit-filters.tsx'

const PAGE_SIZE = 50

export function AuditLog() {
  const { t } = useI18n()
  const [filter, setFilter] = useState<AuditFilter>({})
  const [pages, turn] = useReducer(reducePages, FIRST_PAGE)
  const page = useAudit(filter, pages.cursor, PAGE_SIZE)
  const columns = useColumns()
  return (
    <>
      <Card title={t('audit.filters')}>
        <AuditFilters
          filter={filter}
          onChange={(next) => {
            setFilter(next)
            turn({ type: 'first' })
          }}
        />
      </Card>
      <Card className="card-flush">
        <Loaded query={page}>
          {({ entries, next }) =>
            entries.length === 0 ? (
              <EmptyState icon={<AuditIcon size={28} />} title={t('audit.empty.title')}>
                {t('audit.empty.body')}
              </EmptyState>
            ) : (
              <>
                <SimpleTable
                  label={t('audit.tab.log')}
                  rows={entries}
                  keyOf={({ id }) => String(id)}
                  columns={columns}
                />
                <Pager
                  page={pages.before.length + 1}
                  hasNext={next !== null}
                  note={t('tables.rows.shown', { count: entries.length })}
                  onPrevious={() => turn({ type: 'previous' })}
                  onNext={() => next !== null && turn({ type: 'next', cursor: String(next) })}
                />
              </>
            )
          }
        </Loaded>
      </Card>
      <Proof />
    </>
  )
}

function useColumns(): SimpleColumn<AuditEntry>[] {
  const { t } = useI18n()
  const [{ hasDetails }] = usePreferences()
  const nameOf = useActionName()
  const columns: SimpleColumn<AuditEntry>[] = [
    { id: 'at', title: t('audit.when'), cell: ({ at }) => <Timestamp iso={at} isExact /> },
    {
      id: 'what',
      title: t('audit.what'),
      isHeader: true,
      cell: ({ action, outcome }) => (
        <span className="outcome" data-outcome={outcome}>
          <ToneIcon tone={outcome === 'done' ? 'ok' : 'danger'} size={16} />
          <span>
            <bdi>{nameOf(action)}</bdi> <span className="soft">{t(`audit.outcome.${outcome}`)}</span>
          </span>
        </span>
      ),
    },
    {
      id: 'who',
      title: t('audit.who'),
      cell: ({ actor, onBehalfOf }) => (
        <>
          <bdi>{actor.name}</bdi>
          {onBehalfOf && (
            <>
              {' '}
              <span className="soft">{t('audit.onBehalfOf', { name: onBehalfOf })}</span>
            </>
          )}
        </>
      ),
    },
    { id: 'subject', title: t('audit.subject'), cell: ({ subject }) => <bdi>{subject ?? '—'}</bdi> },
    { id: 'reason', title: t('common.reason'), cell: ({ reason }) => <bdi>{reason ?? '—'}</bdi> },
    {
      id: 'address',
      title: t('audit.address'),
      cell: ({ actor }) => (
        <span className="nowrap">
          <Code>{actor.address ?? '—'}</Code>
        </span>
      ),
    },
  ]
  if (!hasDetails) return columns
  return [
    ...columns,
    { id: 'device', title: t('audit.device'), cell: ({ actor }) => <Code>{actor.deviceId ?? '—'}</Code> },
    {
      id: 'details',
      title: t('common.details'),
      cell: ({ details }) => <Code>{details ? JSON.stringify(details) : '—'}</Code>,
    },
  ]
}

/** Each entry covers the one before it; the server follows the whole chain and says whether it holds. */
function Proof() {
  const { t } = useI18n()
  const verify = useVerifyAudit()
  return (
    <Card title={t('audit.proof')} note={t('audit.proof.body')}>
      <div className="toolbar">
        <Button icon={<RolesIcon size={18} />} isBusy={verify.isPending} onPress={() => verify.mutate()}>
          {t('audit.verify')}
        </Button>
        <AuditExport />
      </div>
      {verify.error && <ErrorNote error={verify.error} />}
      {verify.data && (
        <p className="proof-line" role="status" data-testid="audit-verified">
          <ToneIcon tone="ok" />
          <span>{t('audit.verified', { count: verify.data.entries })}</span>
          <Code>{verify.data.headHash}</Code>
        </p>
      )}
    </Card>
  )
}
