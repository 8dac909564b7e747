import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Button } from '../../components/button.tsx'
import { Card } from '../../components/card.tsx'
import { ConfirmDialog } from '../../components/dialog.tsx'
import { TextField } from '../../components/fields.tsx'
import { KeyIcon, WarnIcon } from '../../components/icons.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { toLatinDigits } from '../../i18n/text-input.ts'
import { useConsole } from '../../state/console-state.tsx'
import { recoveryKit } from '../../state/recovery-kit.ts'

/** Until the first manager is made everybody is an administrator; this is how that ends. */
export function SetUpCard() {
  const { t } = useI18n()
  const [isOpen, setOpen] = useState(false)
  return (
    <Card className="set-up">
      <div className="set-up-line" data-testid="set-up">
        <WarnIcon className="tone-warn" size={24} />
        <div className="need-words">
          <h2 className="card-title">{t('setUp.title')}</h2>
          <p className="soft">{t('setUp.body')}</p>
        </div>
        <Button variant="primary" icon={<KeyIcon />} onPress={() => setOpen(true)}>
          {t('setUp.open')}
        </Button>
      </div>
      {isOpen && <SetUpDialog onClose={() => setOpen(false)} />}
    </Card>
  )
}

interface Draft {
  name: string
  user: string
  password: string
  again: string
  pin: string
  code: string
}

const EMPTY: Draft = { name: '', user: 'admin', password: '', again: '', pin: '', code: '' }

function SetUpDialog({ onClose }: { onClose(): void }) {
  const { t } = useI18n()
  const { api } = useConsole()
  const client = useQueryClient()
  const [draft, setDraft] = useState(EMPTY)
  const set = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }))
  const { name, user, password, again, pin, code } = draft
  // The desktop's window proves itself with its own token, which it keeps.
  const isDesktop = api.address.token !== null
  const setUp = useMutation({
    mutationFn: () =>
      api.send<{ user: { user: string }; recoveryCode: string }>('POST', '/api/auth/setup', {
        user: user.trim(),
        ...(name.trim() !== '' && { name: name.trim() }),
        password,
        ...(pin !== '' && { pin: toLatinDigits(pin) }),
        ...(isDesktop ? {} : { code: code.trim(), cookie: true }),
      }),
    onSuccess: async (answer) => {
      recoveryKit.set({ user: answer.user.user, recoveryCode: answer.recoveryCode })
      await client.invalidateQueries()
    },
  })
  const differs = again !== '' && again !== password
  const isReady = user.trim() !== '' && password !== '' && again === password && (isDesktop || code.trim() !== '')
  return (
    <ConfirmDialog
      shape="wide"
      title={t('setUp.dialog.title')}
      action={t('setUp.dialog.button')}
      tone="primary"
      isBusy={setUp.isPending}
      isDisabled={!isReady}
      error={setUp.error}
      onClose={onClose}
      onConfirm={() => setUp.mutate()}
    >
      <p className="soft">{t('setUp.dialog.body')}</p>
      {!isDesktop && (
        <TextField
          label={t('setUp.code')}
          value={code}
          onChange={(text) => set({ code: text })}
          hint={t('setUp.code.hint')}
          isCode
          autoFocus
        />
      )}
      <div className="form-grid">
        <TextField label={t('people.name')} value={name} onChange={(text) => set({ name: text })} />
        <TextField
          label={t('people.user')}
          value={user}
          onChange={(text) => set({ user: text })}
          hint={t('people.user.hint')}
          fills="username"
        />
        <TextField
          label={t('people.password')}
          value={password}
          onChange={(text) => set({ password: text })}
          secret="new"
          isCode
          hint={t('password.hint')}
        />
        <TextField
          label={t('setUp.again')}
          value={again}
          onChange={(text) => set({ again: text })}
          secret="new"
          isCode
          {...(differs && { problem: t('setUp.differs') })}
        />
        <TextField
          label={t('setUp.pin')}
          value={pin}
          onChange={(text) => set({ pin: text })}
          secret="new"
          isCode
          isNumber
          hint={t('pin.hint')}
        />
      </div>
    </ConfirmDialog>
  )
}
