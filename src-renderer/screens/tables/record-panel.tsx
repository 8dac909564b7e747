import type { JsonObject } from '../../../src-shared/json.ts'
import type { TableSummary } from '../../../src-shared/protocol/management.ts'
import { Facts } from '../../components/details.tsx'
import { Dialog } from '../../components/dialog.tsx'
import { Code, CopyableCode, CopyButton, Timestamp } from '../../components/text.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { tokenizeJson } from './json-tokens.ts'

interface RecordPanelProps {
  record: JsonObject
  id: string
  table: TableSummary
  onClose(): void
}

/** One record as it is stored, at the side of the list. */
export function RecordPanel({ record, id, table, onClose }: RecordPanelProps) {
  const { t, rich } = useI18n()
  const text = JSON.stringify(record, null, 2)
  const { version, updatedAt } = record
  return (
    <Dialog shape="side" onClose={onClose} title={rich('tables.record.title', { id: <Code>{id}</Code> })}>
      <div className="dialog-body record">
        <Facts
          facts={[
            { name: t('tables.column.table'), value: <Code>{table.name}</Code> },
            { name: t('tables.details.key'), value: <CopyableCode value={id} /> },
            ...(typeof version === 'number'
              ? [{ name: t('tables.record.version'), value: <Code>{String(version)}</Code> }]
              : []),
            ...(typeof updatedAt === 'string'
              ? [{ name: t('tables.record.changed'), value: <Timestamp iso={updatedAt} isExact /> }]
              : []),
          ]}
        />
        <div className="json-head">
          <h3>{t('tables.record.raw')}</h3>
          <CopyButton value={text} label={t('tables.record.copy')} />
        </div>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so it must be reachable by keyboard */}
        <section className="json" dir="ltr" tabIndex={0} aria-label={t('tables.record.raw')}>
          <pre>
            {tokenizeJson(text).map(({ kind, text: part, at }) => (
              <span key={at} className={`json-${kind}`}>
                {part}
              </span>
            ))}
          </pre>
        </section>
      </div>
    </Dialog>
  )
}
