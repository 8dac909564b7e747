import { useState } from 'react'
import { Button } from '../../components/button.tsx'
import { Card } from '../../components/card.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { SearchField } from '../../components/fields.tsx'
import { ForwardIcon, SearchIcon } from '../../components/icons.tsx'
import { ScreenHead } from '../../components/screen-head.tsx'
import { Code } from '../../components/text.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { matchesSearch } from '../../i18n/text-input.ts'
import type { LabelledTable } from '../../state/queries.ts'
import { toHash } from '../../state/route.ts'

const KINDS = ['transaction', 'master'] as const

export function TableList({ tables }: { tables: readonly LabelledTable[] }) {
  const { t, labelOf } = useI18n()
  const [query, setQuery] = useState('')
  const total = tables.reduce((sum, { count }) => sum + count, 0)
  const largest = Math.max(1, ...tables.map(({ count }) => count))
  const found = tables.filter((table) => matchesSearch(query, table.name, labelOf(table), table.label))
  const sentence =
    total === 0
      ? t('tables.sentence.empty')
      : t('tables.sentence', {
          records: t('count.records', { count: total }),
          tables: t('count.tables', { count: tables.length }),
        })
  return (
    <>
      <ScreenHead
        title={t('tables.title')}
        tone="ok"
        sentence={sentence}
        actions={<SearchField label={t('tables.search')} value={query} onChange={setQuery} />}
      />
      {found.length === 0 && (
        <Card>
          <EmptyState
            icon={<SearchIcon size={28} />}
            title={t('tables.none.title')}
            action={<Button onPress={() => setQuery('')}>{t('common.clear')}</Button>}
          >
            {t('tables.none.body', { query })}
          </EmptyState>
        </Card>
      )}
      {KINDS.map((kind) => {
        const ofKind = found.filter((table) => table.kind === kind)
        if (ofKind.length === 0) return null
        return (
          <Card key={kind} title={t(`tables.kind.${kind}`)} note={t(`tables.kind.${kind}.hint`)}>
            <ul className="table-links">
              {ofKind.map((table) => (
                <li key={table.name}>
                  <TableLink table={table} largest={largest} />
                </li>
              ))}
            </ul>
          </Card>
        )
      })}
    </>
  )
}

function TableLink({ table, largest }: { table: LabelledTable; largest: number }) {
  const { t, format, labelOf } = useI18n()
  const { name, count } = table
  return (
    <a className="table-link" href={toHash({ screen: 'tables', item: name })} data-table={name}>
      <span className="table-link-words">
        <bdi className="table-link-label">{labelOf(table)}</bdi>
        <Code>{name}</Code>
      </span>
      <svg className="share" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
        <rect className="share-ground" width="100" height="6" />
        <rect className="share-fill" width={count === 0 ? 0 : Math.max(1.5, (count / largest) * 100)} height="6" />
      </svg>
      <span className="table-link-count">
        <span aria-hidden="true">{format.number(count)}</span>
        <span className="visually-hidden">{t('count.records', { count })}</span>
      </span>
      <ForwardIcon size={18} className="soft" />
    </a>
  )
}
