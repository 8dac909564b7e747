import { useEffect, useState } from 'react'
import type { SequenceRule, SequenceSummary } from '../../../src-shared/protocol/management.ts'
import { ConfirmDialog } from '../../components/dialog.tsx'
import { ErrorNote } from '../../components/error-state.tsx'
import { SelectField, TextField } from '../../components/fields.tsx'
import { Code } from '../../components/text.tsx'
import { showToast } from '../../components/toast.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { usePreviewRule, useSaveRule } from '../../state/mutations.ts'
import { type RuleDraft, toDraft, toRule } from './rule-form.ts'
import { useSequenceName } from './sequence-card.tsx'

const RESETS = ['never', 'daily', 'monthly', 'yearly'] as const
const FORMAT_NAMES = '{prefix} {number:05d} {branch} {year} {month} {day} {shift}'
const TYPING_PAUSE_MS = 300

export function RuleDialog({ sequence, onClose }: { sequence: SequenceSummary; onClose(): void }) {
  const { t, rich } = useI18n()
  const nameOf = useSequenceName()
  const [draft, setDraft] = useState(() => toDraft(sequence.rule))
  const save = useSaveRule()
  const result = toRule(draft, sequence.rule)
  const preview = useRulePreview(result.rule)
  const set = (part: Partial<RuleDraft>) => setDraft((before) => ({ ...before, ...part }))
  const { table, field } = sequence
  return (
    <ConfirmDialog
      shape="wide"
      title={t('sequences.edit.title', { name: nameOf(sequence) })}
      action={t('sequences.edit.button')}
      tone="primary"
      isBusy={save.isPending}
      isDisabled={result.rule === null || preview.error !== null}
      error={save.error}
      onClose={onClose}
      onConfirm={() => {
        if (result.rule === null) return
        save.mutate(
          { table, field, rule: result.rule },
          {
            onSuccess: ({ next }) => {
              showToast(t('sequences.edit.saved', { next: next.id }))
              onClose()
            },
          },
        )
      }}
    >
      <p className="soft">{t('sequences.edit.body')}</p>
      <div className="form-grid">
        <TextField
          label={t('sequences.edit.prefix')}
          isCode
          value={draft.prefix}
          onChange={(prefix) => set({ prefix })}
        />
        <TextField
          label={t('sequences.edit.delimiter')}
          isCode
          value={draft.delimiter}
          onChange={(delimiter) => set({ delimiter })}
        />
        <TextField
          label={t('sequences.edit.padding')}
          isCode
          isNumber
          value={draft.padding}
          onChange={(padding) => set({ padding })}
          {...(result.wrong === 'padding' && { problem: t('sequences.edit.number') })}
        />
        <TextField
          label={t('sequences.edit.suffix')}
          isCode
          value={draft.suffix}
          onChange={(suffix) => set({ suffix })}
        />
        <TextField
          label={t('sequences.edit.start')}
          isCode
          isNumber
          value={draft.start}
          onChange={(start) => set({ start })}
          {...(result.wrong === 'start' && { problem: t('sequences.edit.number') })}
        />
        <SelectField
          label={t('sequences.edit.reset')}
          options={RESETS.map((id) => ({ id, label: t(`sequences.edit.reset.${id}`) }))}
          value={draft.reset}
          onChange={(reset) => set({ reset })}
        />
      </div>
      <TextField
        label={t('sequences.edit.format')}
        isCode
        value={draft.format}
        onChange={(format) => set({ format })}
        hint={rich('sequences.edit.format.hint', { names: <Code>{FORMAT_NAMES}</Code> })}
      />
      <div className="rule-preview" aria-live="polite">
        <p className="soft">{t('sequences.edit.preview')}</p>
        {preview.error ? (
          <ErrorNote error={preview.error} />
        ) : preview.data ? (
          <p className="rule-examples" data-testid="rule-examples">
            {preview.data.examples.map((example) => (
              <Code key={example}>{example}</Code>
            ))}
          </p>
        ) : (
          <p className="soft">{t('sequences.edit.preview.wait')}</p>
        )}
      </div>
    </ConfirmDialog>
  )
}

/** Asks the server, the only one who knows how numbers look, after each pause in typing. */
function useRulePreview(rule: SequenceRule | null) {
  const preview = usePreviewRule()
  const { mutate } = preview
  const text = rule && JSON.stringify(rule)
  useEffect(() => {
    if (text === null) return undefined
    const timer = window.setTimeout(() => mutate({ rule: JSON.parse(text) as SequenceRule }), TYPING_PAUSE_MS)
    return () => window.clearTimeout(timer)
  }, [text, mutate])
  return preview
}
