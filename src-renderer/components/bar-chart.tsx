import { useI18n } from '../i18n/i18n.tsx'
import { Fold } from './details.tsx'
import { SimpleTable } from './simple-table.tsx'

export interface Bar {
  id: string
  label: string
  value: number
  /** Not complete yet: the running minute. */
  isOpen?: boolean
}

interface BarChartProps {
  bars: readonly Bar[]
  /** What the picture says, in words. */
  summary: string
  labelTitle: string
  valueTitle: string
  /** Words under the first and the last bar. */
  ends: readonly [string, string]
  peakText: string
}

const HEIGHT = 96
const STEP = 10
const WIDTH = 7

/** Time runs from left to right in every language, as clocks do. */
export function BarChart({ bars, summary, labelTitle, valueTitle, ends, peakText }: BarChartProps) {
  const { t, format } = useI18n()
  const peak = Math.max(1, ...bars.map(({ value }) => value))
  return (
    <figure className="chart" dir="ltr">
      <div className="chart-peak">
        <bdi>{peakText}</bdi>
      </div>
      <svg
        className="chart-picture"
        viewBox={`0 0 ${bars.length * STEP} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={summary}
      >
        {bars.map(({ id, value, isOpen }, index) => {
          const height = value === 0 ? 2 : Math.max(4, (value / peak) * HEIGHT)
          const kind = value === 0 ? 'chart-bar-none' : isOpen ? 'chart-bar-open' : 'chart-bar'
          return (
            <rect
              key={id}
              className={kind}
              x={index * STEP}
              y={HEIGHT - height}
              width={WIDTH}
              height={height}
              rx="1.500"
            />
          )
        })}
      </svg>
      <div className="chart-ends" aria-hidden="true">
        <bdi>{ends[0]}</bdi>
        <bdi>{ends[1]}</bdi>
      </div>
      <div className="chart-twin" dir="auto">
        <Fold title={t('chart.show')}>
          <SimpleTable
            label={summary}
            rows={bars.toReversed()}
            keyOf={({ id }) => id}
            columns={[
              { id: 'label', title: labelTitle, cell: ({ label }) => <bdi>{label}</bdi>, isHeader: true },
              { id: 'value', title: valueTitle, cell: ({ value }) => format.number(value), isNumber: true },
            ]}
          />
        </Fold>
      </div>
    </figure>
  )
}
