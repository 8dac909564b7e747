import type { ReactNode } from 'react'

export interface SimpleColumn<T> {
  id: string
  title: ReactNode
  cell(row: T): ReactNode
  /** Numbers stand at the end of their column. */
  isNumber?: boolean
  isHeader?: boolean
}

interface SimpleTableProps<T> {
  label: string
  columns: readonly SimpleColumn<T>[]
  rows: readonly T[]
  keyOf(row: T): string
}

/** A plain table for reading: scrolls sideways inside its frame, and by keyboard too. */
export function SimpleTable<T>({ label, columns, rows, keyOf }: SimpleTableProps<T>) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className="table-frame" aria-label={label} tabIndex={0}>
      <table className="table">
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.id} scope="col" className={column.isNumber ? 'is-number' : ''}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map((column) =>
                column.isHeader ? (
                  <th key={column.id} scope="row">
                    {column.cell(row)}
                  </th>
                ) : (
                  <td key={column.id} className={column.isNumber ? 'is-number' : ''}>
                    {column.cell(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
