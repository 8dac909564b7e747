import { useState } from 'react'
import type { SequenceSummary } from '../../../src-shared/protocol/management.ts'
import { Card } from '../../components/card.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { SequencesIcon } from '../../components/icons.tsx'
import { Loaded } from '../../components/loaded.tsx'
import { ScreenHead } from '../../components/screen-head.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { useSequences } from '../../state/queries.ts'
import { RuleDialog } from './rule-dialog.tsx'
import { SequenceCard } from './sequence-card.tsx'
import { SkipDialog } from './skip-dialog.tsx'

type Asked = { what: 'edit' | 'skip'; sequence: SequenceSummary } | null

export function SequencesScreen() {
  const { t } = useI18n()
  const sequences = useSequences()
  const [asked, setAsked] = useState<Asked>(null)
  const count = sequences.data?.length ?? 0
  const close = () => setAsked(null)
  return (
    <>
      <ScreenHead
        title={t('sequences.title')}
        tone={count === 0 ? 'neutral' : 'ok'}
        sentence={count === 0 ? t('sequences.sentence.none') : t('sequences.sentence', { count })}
      />
      <Loaded query={sequences}>
        {(list) =>
          list.length === 0 ? (
            <Card>
              <EmptyState icon={<SequencesIcon size={28} />} title={t('sequences.empty.title')}>
                {t('sequences.empty.body')}
              </EmptyState>
            </Card>
          ) : (
            list.map((sequence) => (
              <SequenceCard
                key={`${sequence.table}.${sequence.field}`}
                sequence={sequence}
                onAsk={(what) => setAsked({ what, sequence })}
              />
            ))
          )
        }
      </Loaded>
      {asked?.what === 'edit' && <RuleDialog sequence={asked.sequence} onClose={close} />}
      {asked?.what === 'skip' && <SkipDialog sequence={asked.sequence} onClose={close} />}
    </>
  )
}
