import { useI18n } from '../i18n/i18n.tsx'

export interface Slice {
  id: string
  label: string
  value: number
  /** Class of the series; the first ones by default. */
  series?: string
}

const WIDTH = 600

/** Shares of a whole. The legend says the same in words and numbers. */
export function StackedBar({ slices, label }: { slices: readonly Slice[]; label: string }) {
  const { format } = useI18n()
  const shown = slices.filter(({ value }) => value > 0)
  const total = shown.reduce((sum, { value }) => sum + value, 0)
  const starts = shown.map((_, index) => shown.slice(0, index).reduce((sum, { value }) => sum + value, 0))
  return (
    <figure className="stacked">
      <svg
        className="stacked-bar"
        viewBox={`0 0 ${WIDTH} 10`}
        preserveAspectRatio="none"
        aria-hidden="true"
        focusable="false"
      >
        {shown.map(({ id, value, series }, index) => (
          <rect
            key={id}
            className={series ?? `series-${(index % 5) + 1}`}
            x={(starts[index]! / total) * WIDTH}
            width={Math.max(2, (value / total) * WIDTH - 2)}
            height="10"
          />
        ))}
      </svg>
      <ul className="legend" aria-label={label}>
        {shown.map(({ id, label: name, value, series }, index) => (
          <li key={id}>
            <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
              <rect className={series ?? `series-${(index % 5) + 1}`} width="10" height="10" rx="3" />
            </svg>
            <bdi>{name}</bdi>
            <span className="soft">{format.number(value)}</span>
          </li>
        ))}
      </ul>
    </figure>
  )
}

/** The largest slices, the rest as one. */
export function largestSlices(slices: readonly Slice[], count: number, restLabel: string): Slice[] {
  const sorted = slices.filter(({ value }) => value > 0).toSorted((a, b) => b.value - a.value)
  if (sorted.length <= count) return sorted
  const rest = sorted.slice(count - 1).reduce((sum, { value }) => sum + value, 0)
  return [...sorted.slice(0, count - 1), { id: 'rest', label: restLabel, value: rest, series: 'series-5' }]
}
