import { useReducer, useState } from 'react'
import type { JsonObject } from '../../../src-shared/json.ts'
import { Button } from '../../components/button.tsx'
import { Card } from '../../components/card.tsx'
import { Details, Facts } from '../../components/details.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { SearchField, SelectField } from '../../components/fields.tsx'
import { BackIcon, SearchIcon, TablesIcon } from '../../components/icons.tsx'
import { Loaded } from '../../components/loaded.tsx'
import { Pager } from '../../components/pager.tsx'
import { ScreenHead } from '../../components/screen-head.tsx'
import { Code } from '../../components/text.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { navigate, usePreferences } from '../../state/console-state.tsx'
import { FIRST_PAGE, reducePages } from '../../state/pages.ts'
import { type LabelledTable, useRows } from '../../state/queries.ts'
import { toHash } from '../../state/route.ts'
import { ColumnMenu } from './column-menu.tsx'
import { defaultColumns, keyOfRecord } from './columns.ts'
import { RecordPanel } from './record-panel.tsx'
import { RowGrid } from './row-grid.tsx'

const PAGE_SIZE = 50

export function RowsView({ table, tables }: { table: LabelledTable; tables: readonly LabelledTable[] }) {
  const { t, labelOf } = useI18n()
  const [{ columns: allColumns }, change] = usePreferences()
  const [pages, turn] = useReducer(reducePages, FIRST_PAGE)
  const [order, setOrder] = useState<'desc' | 'asc'>('desc')
  const [id, setId] = useState('')
  const [open, setOpen] = useState<JsonObject | null>(null)
  const rows = useRows({ table: table.name, cursor: pages.cursor, order, limit: PAGE_SIZE, id: id.trim() })
  const fields = allColumns[table.name] ?? defaultColumns(table)
  const label = labelOf(table)
  return (
    <>
      <a className="back-link" href={toHash({ screen: 'tables' })}>
        <BackIcon size={18} />
        <span>{t('tables.back')}</span>
      </a>
      <ScreenHead
        title={<bdi>{label}</bdi>}
        tone={table.count === 0 ? 'neutral' : 'ok'}
        sentence={
          table.count === 0
            ? t('tables.rows.empty.body')
            : t('tables.rows.sentence', { records: t('count.records', { count: table.count }), table: label })
        }
      />
      <div className="toolbar">
        <SelectField
          label={t('tables.switch')}
          isLabelHidden
          options={tables.map((entry) => ({ id: entry.name, label: labelOf(entry) }))}
          value={table.name}
          onChange={(name) => navigate({ screen: 'tables', item: name })}
        />
        <SearchField
          label={t('tables.rows.find')}
          isCode
          value={id}
          onChange={(text) => {
            setId(text)
            turn({ type: 'first' })
          }}
        />
        <SelectField
          label={t('tables.rows.order')}
          isLabelHidden
          options={[
            { id: 'desc', label: t('tables.rows.newest') },
            { id: 'asc', label: t('tables.rows.oldest') },
          ]}
          value={order}
          onChange={(next) => {
            setOrder(next)
            turn({ type: 'first' })
          }}
        />
        <ColumnMenu
          table={table}
          shown={fields}
          onChange={(shown) => change({ columns: { ...allColumns, [table.name]: shown } })}
        />
      </div>
      <Card className="card-flush">
        <Loaded query={rows}>
          {(page) =>
            page.rows.length === 0 ? (
              <NoRows isSearch={id !== ''} onClear={() => setId('')} />
            ) : (
              <>
                <RowGrid
                  label={t('tables.rows.label', { table: label })}
                  table={table}
                  fields={fields}
                  rows={page.rows}
                  isOld={rows.isPlaceholderData}
                  onOpen={setOpen}
                />
                <Pager
                  page={pages.before.length + 1}
                  hasNext={page.next !== undefined && id === ''}
                  note={t('tables.rows.shown', { count: page.rows.length })}
                  onPrevious={() => turn({ type: 'previous' })}
                  onNext={() => page.next !== undefined && turn({ type: 'next', cursor: page.next })}
                />
              </>
            )
          }
        </Loaded>
      </Card>
      <Details>
        <Card>
          <Facts
            facts={[
              { name: t('tables.column.table'), value: <Code>{table.name}</Code> },
              { name: t('tables.details.key'), value: <Code>{table.primaryKey.join('::')}</Code> },
              { name: t('tables.details.singleton'), value: t(table.isSingleton ? 'common.yes' : 'common.no') },
              {
                name: t('tables.details.fields'),
                value: <Code>{table.fields.map(({ name, type }) => `${name}: ${type}`).join(', ')}</Code>,
              },
            ]}
          />
        </Card>
      </Details>
      {open && <RecordPanel record={open} id={keyOfRecord(table, open)} table={table} onClose={() => setOpen(null)} />}
    </>
  )
}

function NoRows({ isSearch, onClear }: { isSearch: boolean; onClear(): void }) {
  const { t } = useI18n()
  if (isSearch) {
    return (
      <EmptyState
        icon={<SearchIcon size={28} />}
        title={t('tables.rows.nothing.title')}
        action={<Button onPress={onClear}>{t('common.clear')}</Button>}
      >
        {t('tables.rows.nothing.body')}
      </EmptyState>
    )
  }
  return (
    <EmptyState icon={<TablesIcon size={28} />} title={t('tables.rows.empty.title')}>
      {t('tables.rows.empty.body')}
    </EmptyState>
  )
}
