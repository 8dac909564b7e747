import { EmptyState } from '../../components/empty-state.tsx'
import { TablesIcon } from '../../components/icons.tsx'
import { Loaded } from '../../components/loaded.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { useTables } from '../../state/queries.ts'
import { toHash } from '../../state/route.ts'
import { RowsView } from './rows-view.tsx'
import { TableList } from './table-list.tsx'

/** `table` null: all tables with their counts; otherwise the records of one. */
export function TablesScreen({ table }: { table: string | null }) {
  const { t } = useI18n()
  const tables = useTables()
  return (
    <Loaded query={tables}>
      {(list) => {
        if (table === null) return <TableList tables={list} />
        const found = list.find(({ name }) => name === table)
        if (found) return <RowsView key={found.name} table={found} tables={list} />
        return (
          <EmptyState
            icon={<TablesIcon size={28} />}
            title={t('error.table-not-found')}
            action={<a href={toHash({ screen: 'tables' })}>{t('tables.back')}</a>}
          >
            <bdi>{table}</bdi>
          </EmptyState>
        )
      }}
    </Loaded>
  )
}
