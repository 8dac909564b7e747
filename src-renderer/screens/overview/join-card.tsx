import type { BranchServerStatus } from '../../../src-shared/protocol/management.ts'
import { Card } from '../../components/card.tsx'
import { Fold } from '../../components/details.tsx'
import { InfoIcon } from '../../components/icons.tsx'
import { QrCode } from '../../components/qr-code.tsx'
import { Code, CopyableCode } from '../../components/text.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { useNetworkFacts } from '../../state/access-queries.ts'
import { secureAddresses } from './secure-addresses.ts'

interface JoinCardProps {
  addresses: BranchServerStatus['addresses']
  seesNetwork: boolean
}

export function JoinCard({ addresses, seesNetwork }: JoinCardProps) {
  const { t } = useI18n()
  const { data: network } = useNetworkFacts(seesNetwork)
  const secure = network ? secureAddresses(network) : []
  const best = addresses.find(({ kind }) => kind === 'lan') ?? addresses[0]
  const others = addresses.filter((address) => address !== best)
  return (
    <Card title={t('overview.join.title')} className="join">
      {best && (
        <>
          <div className="join-code">
            <QrCode text={best.url} label={t('overview.join.qr', { url: best.url })} />
          </div>
          <div className="join-address">
            <CopyableCode value={best.url} />
          </div>
          {best.kind === 'lan' ? (
            <p className="soft">{t('overview.join.body')}</p>
          ) : (
            <p className="join-note">
              <InfoIcon size={18} />
              <span>{t('overview.join.localOnly')}</span>
            </p>
          )}
        </>
      )}
      {secure.length > 0 && (
        <div className="join-secure">
          <p className="soft">{t('overview.join.secure')}</p>
          <ul className="plain-list">
            {secure.map((url) => (
              <li key={url}>
                <CopyableCode value={url} />
              </li>
            ))}
          </ul>
          {network?.authority && (
            <>
              <p className="soft">{t('overview.join.fingerprint')}</p>
              <Code>{network.authority.fingerprint}</Code>
            </>
          )}
        </div>
      )}
      {others.length > 0 && (
        <Fold title={t('overview.join.more')}>
          <ul className="plain-list">
            {others.map(({ url }) => (
              <li key={url}>
                <CopyableCode value={url} />
              </li>
            ))}
          </ul>
        </Fold>
      )}
    </Card>
  )
}
