import { useState } from 'react'
import type { SequenceSummary } from '../../../src-shared/protocol/management.ts'
import { ConfirmDialog } from '../../components/dialog.tsx'
import { TextField } from '../../components/fields.tsx'
import { showToast } from '../../components/toast.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { parseWholeNumber } from '../../i18n/text-input.ts'
import { useConsole } from '../../state/console-state.tsx'
import { useSkipSequence } from '../../state/mutations.ts'
import { useSequenceName } from './sequence-card.tsx'

export function SkipDialog({ sequence, onClose }: { sequence: SequenceSummary; onClose(): void }) {
  const { t } = useI18n()
  const { branch } = useConsole()
  const nameOf = useSequenceName()
  const [text, setText] = useState('')
  const skip = useSkipSequence()
  const { table, field, next } = sequence
  const to = parseWholeNumber(text)
  const isForward = to !== undefined && to > next.value
  const isWrong = text !== '' && !isForward
  return (
    <ConfirmDialog
      title={t('sequences.skip.title', { name: nameOf(sequence) })}
      action={t('sequences.skip.button')}
      typedName={branch.branchId}
      isBusy={skip.isPending}
      isDisabled={!isForward}
      error={skip.error}
      onClose={onClose}
      onConfirm={() => {
        if (to === undefined) return
        skip.mutate(
          { table, field, to },
          {
            onSuccess: (after) => {
              showToast(t('sequences.skip.done', { next: after.next.id }))
              onClose()
            },
          },
        )
      }}
    >
      <p>{t('sequences.skip.body')}</p>
      <TextField
        label={t('sequences.skip.to')}
        isCode
        isNumber
        value={text}
        onChange={setText}
        hint={
          isForward
            ? t('sequences.skip.count', { count: to - next.value })
            : t('sequences.skip.min', { next: String(next.value) })
        }
        {...(isWrong && { problem: t('sequences.skip.min', { next: String(next.value) }) })}
      />
    </ConfirmDialog>
  )
}
