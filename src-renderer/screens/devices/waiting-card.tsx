import { Button } from '../../components/button.tsx'
import { Card } from '../../components/card.tsx'
import { ErrorNote } from '../../components/error-state.tsx'
import { CheckIcon, CloseIcon } from '../../components/icons.tsx'
import { Code } from '../../components/text.tsx'
import { showToast } from '../../components/toast.tsx'
import { clockText, useSecondsUntil } from '../../components/wait.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import type { Pairing } from '../../state/access.ts'
import { useApprovePairing, useWithdrawPairing } from '../../state/access-mutations.ts'
import { usePairings } from '../../state/access-queries.ts'
import { useRoleName } from '../roles/role-name.ts'

/** Tablets that typed a code: somebody has to look at who comes. Nothing at all while nobody waits. */
export function WaitingCard() {
  const { t } = useI18n()
  const waiting = usePairings().data?.filter(({ state }) => state === 'waiting') ?? []
  if (waiting.length === 0) return null
  return (
    <Card title={t('devices.waiting.title')} note={t('devices.waiting.body')} className="waiting">
      <ul className="lines" aria-live="polite">
        {waiting.map((pairing) => (
          <WaitingLine key={pairing.id} pairing={pairing} />
        ))}
      </ul>
    </Card>
  )
}

export function WaitingLine({ pairing }: { pairing: Pairing }) {
  const { t } = useI18n()
  const roleName = useRoleName()
  const approve = useApprovePairing()
  const deny = useWithdrawPairing()
  const left = useSecondsUntil(Date.parse(pairing.expiresAt))
  const { id, role, address, isLegacy } = pairing
  const name = pairing.name ?? t('devices.unnamed')
  const error = approve.error ?? deny.error
  return (
    <li className="line" data-pairing={id}>
      <div className="line-words">
        <h3 className="line-title">
          <bdi>{name}</bdi>
        </h3>
        <p className="line-facts">
          <strong>{roleName(role)}</strong>
          {address !== null && <Code>{address}</Code>}
          {isLegacy && <span>{t('devices.legacy')}</span>}
          <span>
            {t('devices.left')} <span dir="ltr">{clockText(left)}</span>
          </span>
        </p>
        {error && <ErrorNote error={error} />}
      </div>
      <div className="line-actions">
        <Button
          variant="primary"
          icon={<CheckIcon size={18} />}
          label={t('devices.approveOf', { name })}
          isBusy={approve.isPending}
          onPress={() => approve.mutate({ id }, { onSuccess: () => showToast(t('devices.approved', { name })) })}
        >
          {t('devices.approve')}
        </Button>
        <Button
          icon={<CloseIcon size={18} />}
          label={t('devices.denyOf', { name })}
          isBusy={deny.isPending}
          onPress={() => deny.mutate({ id })}
        >
          {t('devices.deny')}
        </Button>
      </div>
    </li>
  )
}
