import type { BranchServerStatus } from '../../../src-shared/protocol/management.ts'
import { Card } from '../../components/card.tsx'
import { OkIcon, WarnIcon } from '../../components/icons.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { toHash } from '../../state/route.ts'

/** Warnings that a screen of the console can settle. */
const FIXED_BY_BACKUP = /backup/

interface NeedsCardProps {
  warnings: BranchServerStatus['warnings']
  /** Nobody is asked who they are: the first manager has not been made. */
  isOpen: boolean
}

export function NeedsCard({ warnings, isOpen }: NeedsCardProps) {
  const { t, find } = useI18n()
  // The same code: before the first manager everybody is an administrator, afterwards a device has one role.
  const keyOf = (code: string) => (code === 'open-lan' && !isOpen ? 'open-lan-role' : code)
  return (
    <Card title={t('overview.needs.title')}>
      {warnings.length === 0 ? (
        <p className="needs-none">
          <OkIcon className="tone-ok" />
          {t('overview.needs.none')}
        </p>
      ) : (
        <ul className="needs">
          {warnings.map(({ code, message, hint }) => (
            <li key={code + message} className="need" data-warning={code}>
              <WarnIcon className="tone-warn" />
              <div className="need-words">
                <p className="need-what">
                  <bdi>{find(`warning.${keyOf(code)}`) ?? message}</bdi>
                </p>
                <p className="soft">
                  <bdi>{find(`warning.${keyOf(code)}.hint`) ?? hint}</bdi>
                </p>
              </div>
              {FIXED_BY_BACKUP.test(code) && (
                <a className="button button-plain button-small" href={toHash({ screen: 'backups' })}>
                  <span className="button-text">{t('warning.fix.backups')}</span>
                </a>
              )}
            </li>
          ))}
        </ul>
      )}
    </Card>
  )
}
