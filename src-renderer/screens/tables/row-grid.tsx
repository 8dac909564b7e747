import { Cell, Column, Row, Table, TableBody, TableHeader } from 'react-aria-components'
import type { JsonObject, JsonValue } from '../../../src-shared/json.ts'
import type { TableSummary } from '../../../src-shared/protocol/management.ts'
import { Code, Timestamp } from '../../components/text.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { isTimeField, keyOfRecord, plainText } from './columns.ts'

interface RowGridProps {
  label: string
  table: TableSummary
  fields: readonly string[]
  rows: readonly JsonObject[]
  /** The rows of the page before, while the next one is on its way. */
  isOld: boolean
  onOpen(record: JsonObject): void
}

const LONGEST_CELL = 80
const LONGEST_ID = 24

/** Records as a grid: arrows move, Enter opens a record. The key column stays in view. */
export function RowGrid({ label, table, fields, rows, isOld, onOpen }: RowGridProps) {
  const types = new Map(table.fields.map(({ name, type }) => [name, type]))
  return (
    <div className={`grid-frame ${isOld ? 'is-old' : ''}`}>
      <Table
        className="table grid"
        aria-label={label}
        selectionMode="none"
        onRowAction={(key) => {
          const record = rows.find((row) => keyOfRecord(table, row) === key)
          if (record) onOpen(record)
        }}
      >
        <TableHeader>
          {fields.map((field, index) => (
            <Column
              key={field}
              id={field}
              isRowHeader={index === 0}
              className={isNumeric(types.get(field)) ? 'is-number' : ''}
            >
              <Code>{field}</Code>
            </Column>
          ))}
        </TableHeader>
        <TableBody>
          {rows.map((row) => (
            <Row key={keyOfRecord(table, row)} id={keyOfRecord(table, row)} textValue={keyOfRecord(table, row)}>
              {fields.map((field) => (
                <Cell key={field} className={isNumeric(types.get(field)) ? 'is-number' : ''}>
                  <Value value={row[field]} type={types.get(field)} isKey={table.primaryKey.includes(field)} />
                </Cell>
              ))}
            </Row>
          ))}
        </TableBody>
      </Table>
    </div>
  )
}

function isNumeric(type: string | undefined): boolean {
  return type === 'integer' || type === 'decimal' || type === 'number'
}

function Value({ value, type, isKey }: { value: JsonValue | undefined; type: string | undefined; isKey: boolean }) {
  const { t, format } = useI18n()
  if (value === undefined || value === null || value === '') return <span className="soft">—</span>
  if (typeof value === 'boolean') return <>{t(value ? 'common.yes' : 'common.no')}</>
  if (isTimeField(type) && typeof value === 'string') return <Timestamp iso={value} isExact />
  if (typeof value === 'number' && !isKey) return <bdi>{format.number(value)}</bdi>
  const text = plainText(value)
  if (isLongId(text)) return <ShortId id={text} />
  const short = text.length > LONGEST_CELL ? `${text.slice(0, LONGEST_CELL)}…` : text
  return isKey || typeof value === 'object' ? <Code>{short}</Code> : <bdi>{short}</bdi>
}

/** One word with digits, such as `order-01a1ff79-2988-78ec-869c-892f86d3e7f2`. */
function isLongId(text: string): boolean {
  return text.length > LONGEST_ID && /^[\w.:-]+$/.test(text) && /\d/.test(text)
}

/** Both ends of a long id, which tell records apart; whole in the tooltip and in the record's panel. */
function ShortId({ id }: { id: string }) {
  return (
    <bdi className="code nowrap" dir="ltr" title={id}>
      {id.slice(0, 14)}…{id.slice(-6)}
    </bdi>
  )
}
