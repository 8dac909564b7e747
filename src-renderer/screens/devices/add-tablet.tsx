import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { Form } from 'react-aria-components'
import { type Tone, ToneIcon } from '../../components/badge.tsx'
import { Button } from '../../components/button.tsx'
import { Dialog } from '../../components/dialog.tsx'
import { ErrorNote } from '../../components/error-state.tsx'
import { Check, TextField } from '../../components/fields.tsx'
import { QrCode } from '../../components/qr-code.tsx'
import { Code, CopyableCode } from '../../components/text.tsx'
import { clockText, useSecondsUntil } from '../../components/wait.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import type { Device, Invitation, Pairing } from '../../state/access.ts'
import { useInvite } from '../../state/access-mutations.ts'
import { ACCESS_KEYS, useDevices, usePairings } from '../../state/access-queries.ts'
import { useConsole } from '../../state/console-state.tsx'
import { RoleSelect } from '../roles/role-select.tsx'
import { WaitingLine } from './waiting-card.tsx'

/** A new tablet in under a minute: what it will be, then a code to point its camera at or to type. */
export function AddTablet({ onClose }: { onClose(): void }) {
  const { t } = useI18n()
  const [invitation, setInvitation] = useState<Invitation | null>(null)
  return (
    <Dialog title={t('devices.add.title')} onClose={onClose} shape="wide">
      {invitation ? (
        <Invited key={invitation.id} invitation={invitation} onAgain={() => setInvitation(null)} onClose={onClose} />
      ) : (
        <Plan onInvited={setInvitation} onClose={onClose} />
      )}
    </Dialog>
  )
}

function Plan({ onInvited, onClose }: { onInvited(invitation: Invitation): void; onClose(): void }) {
  const { t } = useI18n()
  const invite = useInvite()
  const [role, setRole] = useState('cashier')
  const [name, setName] = useState('')
  const [isLegacy, setLegacy] = useState(false)
  return (
    <Form
      className="dialog-body"
      onSubmit={(event) => {
        event.preventDefault()
        const input = { role, name: name.trim() === '' ? null : name.trim(), isLegacy }
        if (!invite.isPending) invite.mutate(input, { onSuccess: onInvited })
      }}
    >
      <p className="soft">{t('devices.add.body')}</p>
      <RoleSelect value={role} onChange={setRole} label={t('devices.add.role')} />
      <TextField
        label={t('devices.name')}
        value={name}
        onChange={setName}
        hint={t('devices.add.name.hint')}
        maxLength={100}
      />
      <Check isSelected={isLegacy} onChange={setLegacy}>
        {t('devices.legacy.check')}
      </Check>
      {invite.error && <ErrorNote error={invite.error} />}
      <footer className="dialog-foot">
        <Button onPress={onClose}>{t('common.cancel')}</Button>
        <Button type="submit" variant="primary" isBusy={invite.isPending}>
          {t('devices.add.button')}
        </Button>
      </footer>
    </Form>
  )
}

type Progress =
  | { kind: 'invited' | 'approved' | 'over' }
  | { kind: 'waiting'; pairing: Pairing }
  | { kind: 'paired'; device: Device }

const TONES: Record<Progress['kind'], Tone> = {
  invited: 'busy',
  waiting: 'warn',
  approved: 'busy',
  paired: 'ok',
  over: 'neutral',
}

/** Follows one invitation: it leaves the list when its device has its tokens, and when its time is over. */
function useProgress({ id }: Invitation, secondsLeft: number): Progress {
  const client = useQueryClient()
  const { data: pairings } = usePairings()
  const { data: devices } = useDevices()
  const [before] = useState(() => new Set(client.getQueryData<Device[]>(ACCESS_KEYS.devices)?.map((d) => d.id)))
  const [wasListed, setWasListed] = useState(false)
  const pairing = pairings?.find((entry) => entry.id === id)
  useEffect(() => {
    if (pairing) setWasListed(true)
    else if (wasListed) void client.invalidateQueries({ queryKey: ACCESS_KEYS.devices })
  }, [pairing, wasListed, client])
  if (pairing?.state === 'waiting') return { kind: 'waiting', pairing }
  if (pairing) return { kind: pairing.state }
  const device = wasListed ? devices?.find((entry) => !before.has(entry.id)) : undefined
  if (device) return { kind: 'paired', device }
  return { kind: secondsLeft === 0 ? 'over' : wasListed ? 'approved' : 'invited' }
}

interface InvitedProps {
  invitation: Invitation
  onAgain(): void
  onClose(): void
}

function Invited({ invitation, onAgain, onClose }: InvitedProps) {
  const { t } = useI18n()
  const left = useSecondsUntil(Date.parse(invitation.expiresAt))
  const progress = useProgress(invitation, left)
  const { kind } = progress
  return (
    <div className="dialog-body" data-pairing-state={kind}>
      {(kind === 'invited' || kind === 'waiting') && <Codes invitation={invitation} secondsLeft={left} />}
      <p className="pairing-state" role="status">
        <ToneIcon tone={TONES[kind]} size={20} />
        <span>
          {kind === 'paired'
            ? t('devices.pairing.paired', { name: progress.device.name })
            : t(`devices.pairing.${kind}`)}
        </span>
      </p>
      {kind === 'waiting' && (
        <ul className="lines">
          <WaitingLine pairing={progress.pairing} />
        </ul>
      )}
      <footer className="dialog-foot">
        <Button onPress={onAgain}>{t('devices.add.again')}</Button>
        <Button variant="primary" onPress={onClose}>
          {t('common.close')}
        </Button>
      </footer>
    </div>
  )
}

function Codes({ invitation, secondsLeft }: { invitation: Invitation; secondsLeft: number }) {
  const { t } = useI18n()
  const { api } = useConsole()
  const { code, qr } = invitation
  // Only this machine is served: its own address is all that there is.
  const url = qr.urls[0] ?? `${api.address.baseUrl}/pos/#pair=${qr.secret}`
  return (
    <>
      <div className="pairing">
        <div className="join-code">
          <QrCode text={url} label={t('devices.add.qr')} />
        </div>
        <div className="pairing-words">
          <p>{t('devices.add.scan')}</p>
          <p className="soft">{t('devices.add.type')}</p>
          <p className="pairing-code" data-testid="pairing-code">
            <Code>{`${code.slice(0, 4)} ${code.slice(4)}`}</Code>
          </p>
          <p className="soft">
            {t('devices.left')}{' '}
            <span dir="ltr" data-testid="pairing-left">
              {clockText(secondsLeft)}
            </span>
          </p>
        </div>
      </div>
      {qr.urls.length === 0 && <p className="soft">{t('overview.join.localOnly')}</p>}
      {qr.trustUrl !== undefined && qr.fingerprint !== undefined && (
        <div className="pairing-trust">
          <p>{t('devices.add.trust')}</p>
          <CopyableCode value={qr.trustUrl} />
          <p className="soft">{t('devices.add.fingerprint')}</p>
          <Code>{qr.fingerprint}</Code>
        </div>
      )}
    </>
  )
}
