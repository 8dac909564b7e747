import type { SequenceSummary } from '../../../src-shared/protocol/management.ts'
import { Button } from '../../components/button.tsx'
import { Card } from '../../components/card.tsx'
import { Facts, Fold } from '../../components/details.tsx'
import { EditIcon, SkipIcon } from '../../components/icons.tsx'
import { Code, CopyButton, Timestamp } from '../../components/text.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { useTables } from '../../state/queries.ts'
import { GapStrip, GapTable } from './gaps.tsx'
import { useRuleWords } from './rule-words.ts'

/** "Orders · orderNumber" in the reader's language. */
export function useSequenceName(): (sequence: SequenceSummary) => string {
  const { labelOf } = useI18n()
  const { data: tables = [] } = useTables()
  return ({ table, field }) => {
    const found = tables.find(({ name }) => name === table)
    return `${found ? labelOf(found) : table} · ${field}`
  }
}

interface SequenceCardProps {
  sequence: SequenceSummary
  onAsk(what: 'edit' | 'skip'): void
}

export function SequenceCard({ sequence, onAsk }: SequenceCardProps) {
  const { t } = useI18n()
  const nameOf = useSequenceName()
  const ruleWords = useRuleWords()
  const { table, field, next, last, gaps, updatedAt, period, rule } = sequence
  const name = nameOf(sequence)
  return (
    <Card
      className="sequence"
      title={<bdi>{name}</bdi>}
      note={<Code>{`${table}.${field}`}</Code>}
      actions={
        <div className="line-actions">
          <Button
            size="small"
            icon={<EditIcon size={18} />}
            label={t('sequences.rule.editOf', { name })}
            onPress={() => onAsk('edit')}
          >
            {t('sequences.rule.edit')}
          </Button>
          <Button
            size="small"
            icon={<SkipIcon size={18} />}
            label={t('sequences.skipOf', { name })}
            onPress={() => onAsk('skip')}
          >
            {t('sequences.skip')}
          </Button>
        </div>
      }
    >
      <div className="sequence-body" data-sequence={`${table}.${field}`}>
        <div className="sequence-next">
          <p className="soft">{t('sequences.next')}</p>
          <p className="sequence-number">
            <Code>{next.id}</Code>
            <CopyButton value={next.id} />
          </p>
        </div>
        <div className="sequence-facts">
          <Facts
            facts={[
              {
                name: t('sequences.last'),
                value: last === null ? t('sequences.last.none') : <Code>{String(last)}</Code>,
              },
              { name: t('sequences.rule'), value: ruleWords(rule) },
              {
                name: t('sequences.period'),
                value: period === '' ? t('sequences.period.none') : <Code>{period}</Code>,
              },
              {
                name: t('sequences.changed'),
                value: updatedAt ? <Timestamp iso={updatedAt} /> : t('sequences.changed.never'),
              },
            ]}
          />
        </div>
      </div>
      {last !== null && <GapStrip sequence={sequence} last={last} />}
      {gaps > 0 ? (
        <Fold title={t('sequences.gaps', { count: gaps })}>
          <GapTable sequence={sequence} />
        </Fold>
      ) : (
        <p className="soft">{t('sequences.gaps.none')}</p>
      )}
    </Card>
  )
}
