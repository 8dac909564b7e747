export interface StripGap {
  from: number
  to: number
}

export interface StripPart extends StripGap {
  kind: 'used' | 'gap'
}

const WIDTH = 600
const HEIGHT = 18
const NEXT = 14
/** Numbers that the strip shows, counted back from the last one. */
export const STRIP_NUMBERS = 60

/** Cuts the latest numbers into runs of used and unused ones, oldest first. */
export function stripParts(last: number, gaps: readonly StripGap[], shown = STRIP_NUMBERS): StripPart[] {
  const first = Math.max(1, last - shown + 1)
  const parts: StripPart[] = []
  for (let number = first; number <= last; number++) {
    const kind = gaps.some(({ from, to }) => number >= from && number <= to) ? 'gap' : 'used'
    const open = parts.at(-1)
    if (open?.kind === kind) open.to = number
    else parts.push({ kind, from: number, to: number })
  }
  return parts
}

/** The latest numbers from left to right, unused ones hatched, the next one at the end. */
export function NumberStrip({ parts, summary }: { parts: readonly StripPart[]; summary: string }) {
  const first = parts[0]?.from ?? 1
  const count = (parts.at(-1)?.to ?? 0) - first + 1
  const unit = (WIDTH - NEXT - 4) / Math.max(count, 1)
  return (
    <svg
      className="strip"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={summary}
    >
      {parts.map(({ kind, from, to }) => (
        <rect
          key={from}
          className={`strip-${kind}`}
          x={(from - first) * unit}
          y={kind === 'gap' ? 5 : 0}
          width={Math.max(1.5, (to - from + 1) * unit - 1.5)}
          height={kind === 'gap' ? HEIGHT - 10 : HEIGHT}
        />
      ))}
      <rect className="strip-next" x={WIDTH - NEXT} y="1" width={NEXT - 1} height={HEIGHT - 2} />
    </svg>
  )
}
