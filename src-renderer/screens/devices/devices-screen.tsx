import { useState } from 'react'
import { Button } from '../../components/button.tsx'
import { Card } from '../../components/card.tsx'
import { Fold } from '../../components/details.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { DeviceIcon, PlusIcon } from '../../components/icons.tsx'
import { Loaded } from '../../components/loaded.tsx'
import { ScreenHead } from '../../components/screen-head.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import type { Device } from '../../state/access.ts'
import { useDevices, usePairings } from '../../state/access-queries.ts'
import { SetUpFirst, useIsOpen } from '../people/set-up-first.tsx'
import { AddTablet } from './add-tablet.tsx'
import { EditDevice, RevokeDevice } from './device-dialogs.tsx'
import { DeviceLine } from './device-line.tsx'
import { WaitingCard } from './waiting-card.tsx'

type Asked = { what: 'edit' | 'revoke'; device: Device } | null

export function DevicesScreen() {
  const { t } = useI18n()
  const devices = useDevices()
  const isOpen = useIsOpen()
  const [isAdding, setAdding] = useState(false)
  const [asked, setAsked] = useState<Asked>(null)
  const paired = devices.data?.filter(({ revokedAt }) => revokedAt === null) ?? []
  const revoked = devices.data?.filter(({ revokedAt }) => revokedAt !== null) ?? []
  const close = () => setAsked(null)
  return (
    <>
      <Head paired={paired} onAdd={isOpen ? undefined : () => setAdding(true)} />
      {isOpen ? (
        <SetUpFirst title={t('devices.open.title')} body={t('devices.open.body')} />
      ) : (
        <>
          <WaitingCard />
          <Card title={t('devices.list')}>
            <Loaded query={devices}>
              {() =>
                paired.length === 0 ? (
                  <EmptyState icon={<DeviceIcon size={28} />} title={t('devices.empty.title')}>
                    {t('devices.empty.body')}
                  </EmptyState>
                ) : (
                  <ul className="lines">
                    {paired.map((device) => (
                      <DeviceLine key={device.id} device={device} onAsk={(what) => setAsked({ what, device })} />
                    ))}
                  </ul>
                )
              }
            </Loaded>
            {revoked.length > 0 && (
              <Fold title={t('devices.revoked', { count: revoked.length })}>
                <ul className="lines">
                  {revoked.map((device) => (
                    <DeviceLine key={device.id} device={device} />
                  ))}
                </ul>
              </Fold>
            )}
          </Card>
        </>
      )}
      {isAdding && <AddTablet onClose={() => setAdding(false)} />}
      {asked?.what === 'edit' && <EditDevice device={asked.device} onClose={close} />}
      {asked?.what === 'revoke' && <RevokeDevice device={asked.device} onClose={close} />}
    </>
  )
}

function Head({ paired, onAdd }: { paired: readonly Device[]; onAdd: (() => void) | undefined }) {
  const { t } = useI18n()
  const waiting = usePairings().data?.filter(({ state }) => state === 'waiting').length ?? 0
  const hasLegacy = paired.some(({ isLegacy }) => isLegacy)
  const tone = waiting > 0 || hasLegacy ? 'warn' : paired.length > 0 ? 'ok' : 'neutral'
  const sentence =
    waiting > 0 ? t('devices.sentence.waiting', { count: waiting }) : t('devices.sentence', { count: paired.length })
  return (
    <ScreenHead
      title={t('devices.title')}
      tone={tone}
      sentence={sentence}
      {...(onAdd && {
        actions: (
          <Button variant="primary" icon={<PlusIcon />} onPress={onAdd}>
            {t('devices.add')}
          </Button>
        ),
      })}
    />
  )
}
