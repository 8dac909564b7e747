import type { ReactNode } from 'react'
import type { BranchServerStatus } from '../../../src-shared/protocol/management.ts'
import { BackupsIcon, DeviceIcon, DiskIcon, PulseIcon } from '../../components/icons.tsx'
import { Meter } from '../../components/progress.tsx'
import { Timestamp } from '../../components/text.tsx'
import { useI18n } from '../../i18n/i18n.tsx'

const DISK_IS_HIGH = 0.9

export function Tiles({ status }: { status: BranchServerStatus }) {
  const { t, format } = useI18n()
  const { sockets, writesPerMinute, lastBackup, disk } = status
  const writes = writesPerMinute.reduce((sum, { count }) => sum + count, 0)
  const used = disk.totalBytes === 0 ? 0 : 1 - disk.freeBytes / disk.totalBytes
  return (
    <ul className="tiles">
      <Tile icon={<DeviceIcon />} name={t('overview.tile.devices')} hint={t('overview.tile.devices.hint')}>
        <span data-testid="sockets">{format.number(sockets)}</span>
      </Tile>
      <Tile
        icon={<PulseIcon />}
        name={t('overview.tile.writes')}
        hint={t('overview.tile.writes.hint', { count: writesPerMinute.at(-1)?.count ?? 0 })}
      >
        {format.number(writes)}
      </Tile>
      <Tile
        icon={<BackupsIcon />}
        name={t('overview.tile.backup')}
        hint={t(
          lastBackup
            ? lastBackup.isVerified
              ? 'overview.tile.backup.verified'
              : 'overview.tile.backup.unverified'
            : 'overview.tile.backup.neverHint',
        )}
      >
        {lastBackup ? <Timestamp iso={lastBackup.createdAt} /> : t('overview.tile.backup.never')}
      </Tile>
      <Tile
        icon={<DiskIcon />}
        name={t('overview.tile.disk')}
        hint={t('overview.tile.disk.hint', {
          total: format.bytes(disk.totalBytes),
          data: format.bytes(disk.dataBytes),
        })}
        picture={
          <Meter
            label={t('overview.tile.disk.meter')}
            share={used}
            valueText={format.percent(used)}
            isHigh={used > DISK_IS_HIGH}
          />
        }
      >
        {t('overview.tile.disk.free', { free: format.bytes(disk.freeBytes) })}
      </Tile>
    </ul>
  )
}

interface TileProps {
  icon: ReactNode
  name: string
  children: ReactNode
  hint: string
  picture?: ReactNode
}

function Tile({ icon, name, children, hint, picture }: TileProps) {
  return (
    <li className="tile">
      <h2 className="tile-name">
        {icon}
        <span>{name}</span>
      </h2>
      <p className="tile-value">{children}</p>
      {picture}
      <p className="tile-hint">{hint}</p>
    </li>
  )
}
