import { useState } from 'react'
import { ConfirmDialog, Dialog } from '../../components/dialog.tsx'
import { SelectField, TextField } from '../../components/fields.tsx'
import { Loaded } from '../../components/loaded.tsx'
import { showToast } from '../../components/toast.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { toLatinDigits } from '../../i18n/text-input.ts'
import { useChangeOwnSecret } from '../../state/access-mutations.ts'
import { useSessions } from '../../state/access-queries.ts'
import { SessionList } from './session-list.tsx'

export type AccountDialog = 'secret' | 'sessions' | null

/** What the account menu opens. */
export function AccountDialogs({ shown, onClose }: { shown: AccountDialog; onClose(): void }) {
  if (shown === 'secret') return <SecretDialog onClose={onClose} />
  if (shown === 'sessions') return <SessionsDialog onClose={onClose} />
  return null
}

const KINDS = ['password', 'pin'] as const

function SecretDialog({ onClose }: { onClose(): void }) {
  const { t } = useI18n()
  const change = useChangeOwnSecret()
  const [kind, setKind] = useState<(typeof KINDS)[number]>('password')
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState('')
  const secret = kind === 'pin' ? toLatinDigits(next) : next
  return (
    <ConfirmDialog
      title={t('account.secret')}
      action={t('account.secret.button')}
      tone="primary"
      isBusy={change.isPending}
      isDisabled={current === '' || next === ''}
      error={change.error}
      onClose={onClose}
      onConfirm={() =>
        change.mutate(
          { current, [kind]: secret },
          {
            onSuccess: ({ endedSessions }) => {
              showToast(t('account.secret.done', { count: endedSessions }))
              onClose()
            },
          },
        )
      }
    >
      <SelectField
        label={t('account.secret.kind')}
        options={KINDS.map((id) => ({ id, label: t(`account.secret.kind.${id}`) }))}
        value={kind}
        onChange={(next) => setKind(next)}
      />
      <TextField label={t('account.secret.current')} value={current} onChange={setCurrent} secret="current" isCode />
      <TextField
        label={t(`account.secret.new.${kind}`)}
        value={next}
        onChange={setNext}
        secret="new"
        isCode
        isNumber={kind === 'pin'}
        hint={t(kind === 'pin' ? 'pin.hint' : 'password.hint')}
      />
    </ConfirmDialog>
  )
}

function SessionsDialog({ onClose }: { onClose(): void }) {
  const { t } = useI18n()
  const sessions = useSessions('own')
  return (
    <Dialog title={t('account.sessions')} onClose={onClose} shape="wide">
      <div className="dialog-body">
        <p className="soft">{t('account.sessions.body')}</p>
        <Loaded query={sessions}>{(list) => <SessionList sessions={list} whose="own" />}</Loaded>
      </div>
    </Dialog>
  )
}
