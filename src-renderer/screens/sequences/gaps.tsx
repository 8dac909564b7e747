import type { SequenceSummary } from '../../../src-shared/protocol/management.ts'
import { Loaded } from '../../components/loaded.tsx'
import { NumberStrip, STRIP_NUMBERS, stripParts } from '../../components/number-strip.tsx'
import { SimpleTable } from '../../components/simple-table.tsx'
import { Code, Timestamp } from '../../components/text.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { useGaps } from '../../state/queries.ts'

const SHOWN = 100

/** The latest numbers as a picture; the table of gaps is its twin. */
export function GapStrip({ sequence, last }: { sequence: SequenceSummary; last: number }) {
  const { t, format } = useI18n()
  const { table, field, period, rule } = sequence
  const gaps = useGaps(table, field, SHOWN)
  const ofPeriod = (gaps.data?.gaps ?? []).filter((gap) => gap.period === period)
  const shown = Math.min(STRIP_NUMBERS, Math.max(1, last - (rule.start ?? 1) + 1))
  const parts = stripParts(last, ofPeriod, shown)
  const from = parts[0]?.from ?? last
  const unused = parts.filter(({ kind }) => kind === 'gap').reduce((sum, part) => sum + part.to - part.from + 1, 0)
  return (
    <figure className="strip-figure">
      <figcaption className="soft">{t('sequences.strip')}</figcaption>
      <div dir="ltr">
        <NumberStrip
          parts={parts}
          summary={t('sequences.strip.summary', { from: String(from), to: String(last), gaps: unused })}
        />
        <p className="strip-ends" aria-hidden="true">
          <span>{format.number(from).replace(/[,٬]/g, '')}</span>
          <span className="strip-legend">
            <Sample kind="used" text={t('sequences.strip.used')} />
            <Sample kind="gap" text={t('sequences.strip.gap')} />
            <Sample kind="next" text={t('sequences.strip.next')} />
          </span>
        </p>
      </div>
    </figure>
  )
}

function Sample({ kind, text }: { kind: 'used' | 'gap' | 'next'; text: string }) {
  return (
    <span className="strip-sample">
      <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
        <rect
          className={`strip-${kind}`}
          x="1"
          y={kind === 'gap' ? 4 : 1}
          width="10"
          height={kind === 'gap' ? 4 : 10}
        />
      </svg>
      <bdi>{text}</bdi>
    </span>
  )
}

export function GapTable({ sequence }: { sequence: SequenceSummary }) {
  const { t } = useI18n()
  const gaps = useGaps(sequence.table, sequence.field, SHOWN)
  return (
    <Loaded query={gaps}>
      {({ gaps: list, total }) => (
        <>
          <p className="soft">{t('sequences.gaps.body')}</p>
          <SimpleTable
            label={t('sequences.gaps.title')}
            rows={list}
            keyOf={({ period, from, to, at }) => `${period}/${from}/${to}/${at}`}
            columns={[
              {
                id: 'numbers',
                title: t('sequences.gaps.numbers'),
                isHeader: true,
                cell: ({ from, to }) =>
                  from === to ? (
                    <Code>{String(from)}</Code>
                  ) : (
                    t('sequences.gaps.range', { from: String(from), to: String(to) })
                  ),
              },
              { id: 'reason', title: t('sequences.gaps.reason'), cell: ({ reason }) => t(`gap.${reason}`) },
              { id: 'at', title: t('sequences.gaps.when'), cell: ({ at }) => <Timestamp iso={at} isExact /> },
              {
                id: 'who',
                title: t('sequences.gaps.who'),
                cell: ({ requestId, clientId }) => <Code>{requestId ?? clientId ?? '—'}</Code>,
              },
            ]}
          />
          {total > list.length && <p className="soft">{t('sequences.gaps.more', { count: total - list.length })}</p>}
        </>
      )}
    </Loaded>
  )
}
