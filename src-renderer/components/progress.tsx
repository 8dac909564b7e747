import { Meter as AriaMeter, ProgressBar } from 'react-aria-components'

/** `share` undefined: the total is not known. */
export function Progress({
  label,
  share,
  valueText,
}: {
  label: string
  share: number | undefined
  valueText?: string
}) {
  const percent = Math.round((share ?? 0) * 100)
  return (
    <ProgressBar
      className="progress"
      aria-label={label}
      {...(share === undefined ? { isIndeterminate: true } : { value: percent })}
      {...(valueText !== undefined && { valueLabel: valueText })}
    >
      <Track percent={percent} kind={share === undefined ? 'progress-unknown' : ''} />
    </ProgressBar>
  )
}

export function Meter(props: { label: string; share: number; valueText: string; isHigh: boolean }) {
  const { label, share, valueText, isHigh } = props
  const percent = Math.round(Math.min(Math.max(share, 0), 1) * 100)
  return (
    <AriaMeter className="progress" aria-label={label} value={percent} valueLabel={valueText}>
      <Track percent={percent} kind={isHigh ? 'progress-high' : ''} />
    </AriaMeter>
  )
}

function Track({ percent, kind }: { percent: number; kind: string }) {
  return (
    <div className="progress-track">
      <div className={`progress-fill ${kind}`} style={{ inlineSize: `${percent}%` }} />
    </div>
  )
}
