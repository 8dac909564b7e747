import { useState } from 'react'
import { ConfirmDialog } from '../../components/dialog.tsx'
import { Check, TextField } from '../../components/fields.tsx'
import { Code } from '../../components/text.tsx'
import { showToast } from '../../components/toast.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import type { Role } from '../../state/access.ts'
import { useRemoveRole, useSaveRole } from '../../state/access-mutations.ts'
import { usePermissionWords } from './permission-words.ts'
import { useRoleName } from './role-name.ts'

/** What most roles are made of; the rest is typed. */
const COMMON = [
  'read:*',
  'write:*',
  'write:orders',
  'write:job_orders',
  'write:reservations',
  'write:menu',
  'manage:status',
  'manage:backups',
  'manage:devices',
  'manage:people',
  'manage:audit',
]

/** Without `role`: a new one. */
export function RoleDialog({ role, onClose }: { role?: Role; onClose(): void }) {
  const { t, rich } = useI18n()
  const nameOf = useRoleName()
  const wordsOf = usePermissionWords()
  const save = useSaveRole()
  const [roleId, setRoleId] = useState(role?.roleId ?? '')
  const [label, setLabel] = useState(role?.label ?? '')
  const [chosen, setChosen] = useState(() => COMMON.filter((word) => role?.permissions.includes(word)))
  const [others, setOthers] = useState(() => role?.permissions.filter((word) => !COMMON.includes(word)).join(' ') ?? '')
  const permissions = [...new Set([...chosen, ...others.split(/[\s,،]+/).filter((word) => word !== '')])]
  return (
    <ConfirmDialog
      shape="wide"
      title={role ? t('roles.edit.title', { name: nameOf(role.roleId) }) : t('roles.add.title')}
      action={t('common.save')}
      tone="primary"
      isBusy={save.isPending}
      isDisabled={roleId.trim() === ''}
      error={save.error}
      onClose={onClose}
      onConfirm={() =>
        save.mutate(
          { roleId: roleId.trim(), label: label.trim() || roleId.trim(), permissions },
          {
            onSuccess: (saved) => {
              showToast(t('roles.saved', { name: saved.label }))
              onClose()
            },
          },
        )
      }
    >
      <div className="form-grid">
        <TextField label={t('roles.label')} value={label} onChange={setLabel} maxLength={100} />
        {!role && (
          <TextField label={t('roles.id')} value={roleId} onChange={setRoleId} hint={t('roles.id.hint')} isCode />
        )}
      </div>
      <fieldset className="plain-fieldset">
        <legend className="field-label">{t('roles.may')}</legend>
        <div className="permission-list">
          {COMMON.map((word) => (
            <Check
              key={word}
              isSelected={chosen.includes(word)}
              onChange={(isIn) => setChosen(isIn ? [...chosen, word] : chosen.filter((entry) => entry !== word))}
            >
              {wordsOf(word)}
            </Check>
          ))}
        </div>
      </fieldset>
      <TextField
        label={t('roles.others')}
        value={others}
        onChange={setOthers}
        isCode
        hint={rich('roles.others.hint', { example: <Code>update:order_line</Code> })}
      />
    </ConfirmDialog>
  )
}

export function RemoveRole({ role, onClose }: { role: Role; onClose(): void }) {
  const { t } = useI18n()
  const nameOf = useRoleName()
  const remove = useRemoveRole()
  return (
    <ConfirmDialog
      title={t('roles.remove.title', { name: nameOf(role.roleId) })}
      action={t('roles.remove.button')}
      isBusy={remove.isPending}
      error={remove.error}
      onClose={onClose}
      onConfirm={() => remove.mutate({ roleId: role.roleId }, { onSuccess: onClose })}
    >
      <p>{t('roles.remove.body')}</p>
    </ConfirmDialog>
  )
}
