import { type Tone, ToneIcon } from '../../components/badge.tsx'
import { Button } from '../../components/button.tsx'
import { Card } from '../../components/card.tsx'
import { Facts } from '../../components/details.tsx'
import { ErrorNote } from '../../components/error-state.tsx'
import { Check } from '../../components/fields.tsx'
import { PulseIcon } from '../../components/icons.tsx'
import { Loaded } from '../../components/loaded.tsx'
import { CopyableCode } from '../../components/text.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import type { NetworkCheck, NetworkFacts } from '../../state/access.ts'
import { useAllowSignedHttp, useNetworkCheck } from '../../state/access-mutations.ts'
import { useNetworkFacts } from '../../state/access-queries.ts'

const TONES: Record<NetworkCheck['steps'][number]['result'], Tone> = { ok: 'ok', failed: 'danger', skipped: 'neutral' }

/** How tablets reach this branch, and which step of the way fails when they do not. */
export function NetworkCard({ isClosed }: { isClosed: boolean }) {
  const { t } = useI18n()
  const facts = useNetworkFacts()
  const check = useNetworkCheck()
  return (
    <Card
      title={t('network.title')}
      className="network"
      actions={
        <Button icon={<PulseIcon size={18} />} isBusy={check.isPending} onPress={() => check.mutate()}>
          {t('network.check')}
        </Button>
      }
    >
      {check.error && <ErrorNote error={check.error} />}
      {check.data && <Steps check={check.data} />}
      <Loaded query={facts}>
        {(data) => (
          <>
            <NetworkState facts={data} />
            {isClosed && <SignedHttp allowsSigned={data.plainHttp.allowsSigned} />}
          </>
        )}
      </Loaded>
    </Card>
  )
}

function Steps({ check }: { check: NetworkCheck }) {
  const { t } = useI18n()
  return (
    <section className="network-steps" aria-live="polite" data-reachable={check.isReachable}>
      <p className="need-what">{t(check.isReachable ? 'network.check.ok' : 'network.check.failed')}</p>
      <ul className="answers">
        {check.steps.map(({ step, result, message }) => (
          <li key={step} className="answer" data-step={step}>
            <ToneIcon tone={TONES[result]} />
            <span>
              {t(`network.step.${step}`)}: {t(`network.result.${result}`)}{' '}
              <bdi className="soft" lang="en">
                {message}
              </bdi>
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}

function NetworkState({ facts }: { facts: NetworkFacts }) {
  const { t, format } = useI18n()
  const { https, authority, isAnnounced } = facts
  return (
    <Facts
      facts={[
        {
          name: t('network.https'),
          value: https ? t('network.https.until', { date: format.date(https.notAfter) }) : t('network.https.off'),
        },
        { name: t('network.announced'), value: t(isAnnounced ? 'common.yes' : 'common.no') },
        ...(authority
          ? [{ name: t('network.fingerprint'), value: <CopyableCode value={authority.fingerprint} /> }]
          : []),
      ]}
    />
  )
}

/** For tablets that cannot be taught to trust the branch. It weakens the branch, and says so. */
function SignedHttp({ allowsSigned }: { allowsSigned: boolean }) {
  const { t } = useI18n()
  const allow = useAllowSignedHttp()
  return (
    <div className="signed-http">
      <Check
        isSelected={allowsSigned}
        isDisabled={allow.isPending}
        onChange={(isAllowed) => allow.mutate({ allowsSigned: isAllowed })}
      >
        {t('network.signed')}
      </Check>
      <p className="soft">{t('network.signed.hint')}</p>
      {allow.error && <ErrorNote error={allow.error} />}
    </div>
  )
}
