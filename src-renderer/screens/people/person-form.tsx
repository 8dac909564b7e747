import { useState } from 'react'
import { ConfirmDialog } from '../../components/dialog.tsx'
import { Check, TextField } from '../../components/fields.tsx'
import { showToast } from '../../components/toast.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { toLatinDigits } from '../../i18n/text-input.ts'
import type { Person } from '../../state/access.ts'
import { useAddPerson, useChangePerson } from '../../state/access-mutations.ts'
import { useStatus } from '../../state/queries.ts'
import { RoleSelect } from '../roles/role-select.tsx'

export function AddPerson({ onClose }: { onClose(): void }) {
  const { t } = useI18n()
  const add = useAddPerson()
  const [user, setUser] = useState('')
  const [name, setName] = useState('')
  const [role, setRole] = useState('cashier')
  const [branches, setBranches] = useState<string[] | null>(null)
  const [password, setPassword] = useState('')
  const [pin, setPin] = useState('')
  const hasSecret = password !== '' || pin !== ''
  return (
    <ConfirmDialog
      shape="wide"
      title={t('people.add.title')}
      action={t('people.add.button')}
      tone="primary"
      isBusy={add.isPending}
      isDisabled={user.trim() === '' || !hasSecret || branches?.length === 0}
      error={add.error}
      onClose={onClose}
      onConfirm={() =>
        add.mutate(
          {
            ...{ user: user.trim(), name: name.trim(), role, branches },
            ...(password !== '' && { password }),
            ...(pin !== '' && { pin: toLatinDigits(pin) }),
          },
          {
            onSuccess: (person) => {
              showToast(t('people.added', { name: person.name }))
              onClose()
            },
          },
        )
      }
    >
      <div className="form-grid">
        <TextField label={t('people.name')} value={name} onChange={setName} maxLength={200} />
        <TextField label={t('people.user')} value={user} onChange={setUser} hint={t('people.user.hint')} />
        <RoleSelect value={role} onChange={setRole} />
        <TextField
          label={t('people.pin')}
          value={pin}
          onChange={setPin}
          secret="new"
          isCode
          isNumber
          hint={t('people.pin.hint')}
        />
        <TextField
          label={t('people.password')}
          value={password}
          onChange={setPassword}
          secret="new"
          isCode
          hint={t('people.password.hint')}
        />
      </div>
      <BranchChoice value={branches} onChange={setBranches} />
    </ConfirmDialog>
  )
}

export function EditPerson({ person, onClose }: { person: Person; onClose(): void }) {
  const { t } = useI18n()
  const change = useChangePerson()
  const [name, setName] = useState(person.name)
  const [role, setRole] = useState(person.role)
  const [branches, setBranches] = useState<string[] | null>(person.branches && [...person.branches])
  return (
    <ConfirmDialog
      title={t('people.edit.title', { name: person.name })}
      action={t('common.save')}
      tone="primary"
      isBusy={change.isPending}
      isDisabled={name.trim() === '' || branches?.length === 0}
      error={change.error}
      onClose={onClose}
      onConfirm={() => change.mutate({ id: person.id, name: name.trim(), role, branches }, { onSuccess: onClose })}
    >
      <p className="soft">{t('people.edit.body')}</p>
      <TextField label={t('people.name')} value={name} onChange={setName} maxLength={200} />
      <RoleSelect value={role} onChange={setRole} />
      <BranchChoice value={branches} onChange={setBranches} />
    </ConfirmDialog>
  )
}

interface BranchChoiceProps {
  /** null for all of them, those that are made later included. */
  value: string[] | null
  onChange(value: string[] | null): void
}

function BranchChoice({ value, onChange }: BranchChoiceProps) {
  const { t, labelOf } = useI18n()
  const { data: status } = useStatus()
  const branches = status?.branches ?? []
  return (
    <fieldset className="plain-fieldset">
      <legend className="field-label">{t('people.branches')}</legend>
      <Check
        isSelected={value === null}
        onChange={(isAll) => onChange(isAll ? null : branches.map(({ branchId }) => branchId))}
      >
        {t('people.branches.all')}
      </Check>
      {value !== null &&
        branches.map((branch) => {
          const { branchId } = branch
          return (
            <Check
              key={branchId}
              isSelected={value.includes(branchId)}
              onChange={(isIn) => onChange(isIn ? [...value, branchId] : value.filter((id) => id !== branchId))}
            >
              <bdi>{labelOf(branch)}</bdi>
            </Check>
          )
        })}
    </fieldset>
  )
}
