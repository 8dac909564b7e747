import { useState } from 'react'
import { ConfirmDialog, FactList } from '../../components/dialog.tsx'
import { SelectField, TextField } from '../../components/fields.tsx'
import { showToast } from '../../components/toast.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { toLatinDigits } from '../../i18n/text-input.ts'
import type { Person } from '../../state/access.ts'
import { type PersonChange, useChangePerson, useRemovePerson } from '../../state/access-mutations.ts'

interface PersonDialogProps {
  person: Person
  onClose(): void
}

const SECRETS = ['pin', 'password', 'noPin'] as const
type SecretKind = (typeof SECRETS)[number]

/** A manager never sees a secret of somebody else; they give a new one. */
export function ResetSecret({ person, onClose }: PersonDialogProps) {
  const { t } = useI18n()
  const change = useChangePerson()
  const [kind, setKind] = useState<SecretKind>('pin')
  const [secret, setSecret] = useState('')
  const options = SECRETS.filter((id) => id !== 'noPin' || person.hasPin)
  const secrets: Record<SecretKind, Partial<PersonChange>> = {
    pin: { pin: toLatinDigits(secret) },
    password: { password: secret },
    noPin: { pin: null },
  }
  return (
    <ConfirmDialog
      title={t('people.reset.title', { name: person.name })}
      action={t('people.reset.button')}
      tone="primary"
      isBusy={change.isPending}
      isDisabled={kind !== 'noPin' && secret === ''}
      error={change.error}
      onClose={onClose}
      onConfirm={() =>
        change.mutate(
          { id: person.id, ...secrets[kind] },
          {
            onSuccess: () => {
              showToast(t('people.reset.done', { name: person.name }))
              onClose()
            },
          },
        )
      }
    >
      <p className="soft">{t('people.reset.body')}</p>
      <SelectField
        label={t('people.reset.kind')}
        options={options.map((id) => ({ id, label: t(`people.reset.${id}`) }))}
        value={kind}
        onChange={(next) => setKind(next)}
      />
      {kind !== 'noPin' && (
        <TextField
          label={t(`people.${kind}`)}
          value={secret}
          onChange={setSecret}
          secret="new"
          isCode
          isNumber={kind === 'pin'}
          hint={t(`${kind}.hint`)}
        />
      )}
    </ConfirmDialog>
  )
}

export function DisablePerson({ person, onClose }: PersonDialogProps) {
  const { t } = useI18n()
  const change = useChangePerson()
  return (
    <ConfirmDialog
      title={t('people.disable.title', { name: person.name })}
      action={t('people.disable')}
      isBusy={change.isPending}
      error={change.error}
      onClose={onClose}
      onConfirm={() => change.mutate({ id: person.id, isDisabled: true }, { onSuccess: onClose })}
    >
      <FactList facts={[t('people.disable.now'), t('people.disable.back')]} />
    </ConfirmDialog>
  )
}

export function RemovePerson({ person, onClose }: PersonDialogProps) {
  const { t } = useI18n()
  const remove = useRemovePerson()
  const [reason, setReason] = useState('')
  return (
    <ConfirmDialog
      title={t('people.remove.title', { name: person.name })}
      action={t('people.remove.button')}
      isBusy={remove.isPending}
      error={remove.error}
      onClose={onClose}
      onConfirm={() => remove.mutate({ id: person.id, reason: reason.trim() }, { onSuccess: onClose })}
    >
      <FactList facts={[t('people.disable.now'), t('people.remove.kept')]} />
      <TextField
        label={t('common.reason')}
        value={reason}
        onChange={setReason}
        hint={t('common.reason.hint')}
        maxLength={200}
      />
    </ConfirmDialog>
  )
}
