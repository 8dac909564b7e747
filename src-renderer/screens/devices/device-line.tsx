import { Badge, type Tone } from '../../components/badge.tsx'
import { Button } from '../../components/button.tsx'
import { EditIcon, StopIcon } from '../../components/icons.tsx'
import { Code, CopyableCode, Timestamp } from '../../components/text.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import type { Device } from '../../state/access.ts'
import { usePreferences } from '../../state/console-state.tsx'
import { useNow } from '../../state/use-now.ts'
import { useRoleName } from '../roles/role-name.ts'
import { type DeviceState, deviceState } from './device-state.ts'

const TONES: Record<DeviceState, Tone> = { running: 'ok', away: 'neutral', new: 'busy', revoked: 'danger' }

interface DeviceLineProps {
  device: Device
  /** Absent for a device that is revoked: nothing can be done with it any more. */
  onAsk?(what: 'edit' | 'revoke'): void
}

export function DeviceLine({ device, onAsk }: DeviceLineProps) {
  const { t } = useI18n()
  const roleName = useRoleName()
  const now = useNow()
  const [{ hasDetails }] = usePreferences()
  const { id, name, role, branches, isLegacy, lastSeenAt, lastAddress, approvedBy, pairedAt, revokedReason } = device
  const state = deviceState(device, now)
  return (
    <li className="line" data-device={id}>
      <div className="line-words">
        <h3 className="line-title">
          <bdi>{name}</bdi>
          <Badge tone={TONES[state]}>{t(`devices.state.${state}`)}</Badge>
          {isLegacy && <Badge tone="warn">{t('devices.legacy')}</Badge>}
        </h3>
        <p className="line-facts">
          <strong>{roleName(role)}</strong>
          {branches !== null && <Code>{branches.join(', ')}</Code>}
          {lastSeenAt !== null && (
            <span>
              {t('devices.seen')} <Timestamp iso={lastSeenAt} />
            </span>
          )}
          {lastAddress !== null && <Code>{lastAddress}</Code>}
        </p>
        {device.revokedAt !== null && (
          <p className="line-facts">
            <Timestamp iso={device.revokedAt} isExact />
            {revokedReason !== null && revokedReason !== 'revoked' && <bdi>{revokedReason}</bdi>}
          </p>
        )}
        {hasDetails && (
          <p className="line-facts">
            <CopyableCode value={id} />
            <span>{t('devices.approvedBy', { name: approvedBy })}</span>
            <Timestamp iso={pairedAt} isExact />
          </p>
        )}
      </div>
      {onAsk && (
        <div className="line-actions">
          <Button
            size="small"
            icon={<EditIcon size={18} />}
            label={t('devices.editOf', { name })}
            onPress={() => onAsk('edit')}
          >
            {t('devices.edit')}
          </Button>
          <Button
            size="small"
            icon={<StopIcon size={18} />}
            label={t('devices.revokeOf', { name })}
            onPress={() => onAsk('revoke')}
          >
            {t('devices.revoke')}
          </Button>
        </div>
      )}
    </li>
  )
}
