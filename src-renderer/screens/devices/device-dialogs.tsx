import { useState } from 'react'
import { ConfirmDialog, FactList } from '../../components/dialog.tsx'
import { Check, TextField } from '../../components/fields.tsx'
import { showToast } from '../../components/toast.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import type { Device } from '../../state/access.ts'
import { useChangeDevice, useRevokeDevice } from '../../state/access-mutations.ts'
import { RoleSelect } from '../roles/role-select.tsx'

export function EditDevice({ device, onClose }: { device: Device; onClose(): void }) {
  const { t } = useI18n()
  const change = useChangeDevice()
  const [name, setName] = useState(device.name)
  const [role, setRole] = useState(device.role)
  const [isLegacy, setLegacy] = useState(device.isLegacy)
  return (
    <ConfirmDialog
      title={t('devices.edit.title', { name: device.name })}
      action={t('common.save')}
      tone="primary"
      isBusy={change.isPending}
      isDisabled={name.trim() === ''}
      error={change.error}
      onClose={onClose}
      onConfirm={() => change.mutate({ id: device.id, name: name.trim(), role, isLegacy }, { onSuccess: onClose })}
    >
      <TextField label={t('devices.name')} value={name} onChange={setName} maxLength={100} />
      <RoleSelect value={role} onChange={setRole} />
      <Check isSelected={isLegacy} onChange={setLegacy}>
        {t('devices.legacy.check')}
      </Check>
    </ConfirmDialog>
  )
}

export function RevokeDevice({ device, onClose }: { device: Device; onClose(): void }) {
  const { t } = useI18n()
  const revoke = useRevokeDevice()
  const [reason, setReason] = useState('')
  const { name } = device
  return (
    <ConfirmDialog
      title={t('devices.revoke.title', { name })}
      action={t('devices.revoke.button')}
      isBusy={revoke.isPending}
      error={revoke.error}
      onClose={onClose}
      onConfirm={() =>
        revoke.mutate(
          { id: device.id, reason: reason.trim() },
          {
            onSuccess: () => {
              showToast(t('devices.revoke.done', { name }))
              onClose()
            },
          },
        )
      }
    >
      <FactList facts={[t('devices.revoke.now'), t('devices.revoke.people'), t('devices.revoke.again')]} />
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
