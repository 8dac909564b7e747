import { useState } from 'react'
import { ToneIcon } from '../../components/badge.tsx'
import { Button } from '../../components/button.tsx'
import { Card } from '../../components/card.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { SearchField, SelectField } from '../../components/fields.tsx'
import { PulseIcon } from '../../components/icons.tsx'
import { Loaded } from '../../components/loaded.tsx'
import { SimpleTable } from '../../components/simple-table.tsx'
import { Code } from '../../components/text.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { useLiveRequests } from '../../state/access-queries.ts'
import { useRoleName } from '../roles/role-name.ts'
import { matchesRequest, OUTCOMES, type Outcome } from './match-request.ts'

/** What is asked of the server now, and what it answers. Only while somebody looks: nothing of it is kept on disk. */
export function LiveRequests() {
  const { t, format } = useI18n()
  const roleName = useRoleName()
  const [isPaused, setPaused] = useState(false)
  const [text, setText] = useState('')
  const [outcome, setOutcome] = useState<Outcome>('all')
  const list = useLiveRequests(isPaused)
  return (
    <>
      <div className="toolbar">
        <SearchField label={t('live.requests.search')} value={text} onChange={setText} />
        <SelectField
          label={t('live.requests.outcome')}
          isLabelHidden
          options={OUTCOMES.map((id) => ({ id, label: t(`live.requests.${id}`) }))}
          value={outcome}
          onChange={(next) => setOutcome(next)}
        />
        <Button onPress={() => setPaused(!isPaused)}>{t(isPaused ? 'live.requests.go' : 'live.requests.pause')}</Button>
      </div>
      <Card className="card-flush">
        <Loaded query={list}>
          {({ requests }) => {
            const shown = requests.filter((request) => matchesRequest(request, text, outcome))
            if (shown.length === 0) {
              return (
                <EmptyState icon={<PulseIcon size={28} />} title={t('live.requests.empty.title')}>
                  {t('live.requests.empty.body')}
                </EmptyState>
              )
            }
            return (
              <SimpleTable
                label={t('audit.tab.live')}
                rows={shown}
                keyOf={({ n }) => String(n)}
                columns={[
                  {
                    id: 'allowed',
                    title: t('live.requests.answer'),
                    cell: ({ isAllowed, status, code }) => (
                      <span className="outcome" data-allowed={isAllowed}>
                        <ToneIcon tone={isAllowed ? 'ok' : 'danger'} size={16} />
                        <span>
                          {t(isAllowed ? 'live.requests.allowed' : 'live.requests.denied')}{' '}
                          <Code>{code === null ? String(status) : `${status} ${code}`}</Code>
                        </span>
                      </span>
                    ),
                  },
                  { id: 'what', title: t('audit.what'), isHeader: true, cell: ({ what }) => <Code>{what}</Code> },
                  { id: 'table', title: t('explain.table'), cell: ({ table }) => <Code>{table ?? '—'}</Code> },
                  { id: 'rule', title: t('live.requests.rule'), cell: ({ rule }) => <Code>{rule ?? '—'}</Code> },
                  {
                    id: 'who',
                    title: t('audit.who'),
                    cell: ({ actor }) =>
                      actor ? (
                        <>
                          <bdi>{actor.name}</bdi> <span className="soft">{roleName(actor.role)}</span>
                        </>
                      ) : (
                        '—'
                      ),
                  },
                  {
                    id: 'address',
                    title: t('audit.address'),
                    cell: ({ address }) => (
                      <span className="nowrap">
                        <Code>{address}</Code>
                      </span>
                    ),
                  },
                  {
                    id: 'ms',
                    title: t('live.requests.ms'),
                    cell: ({ ms }) => format.number(Math.round(ms * 10) / 10),
                    isNumber: true,
                  },
                ]}
              />
            )
          }}
        </Loaded>
      </Card>
    </>
  )
}
