import type { BranchServerStatus } from '../../../src-shared/protocol/management.ts'
import { Card } from '../../components/card.tsx'
import { Fold } from '../../components/details.tsx'
import { InfoIcon } from '../../components/icons.tsx'
import { QrCode } from '../../components/qr-code.tsx'
import { CopyableCode } from '../../components/text.tsx'
import { useI18n } from '../../i18n/i18n.tsx'

export function JoinCard({ addresses }: { addresses: BranchServerStatus['addresses'] }) {
  const { t } = useI18n()
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
