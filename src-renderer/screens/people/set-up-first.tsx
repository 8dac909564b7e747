import { Card } from '../../components/card.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { KeyIcon } from '../../components/icons.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { useAuthState } from '../../state/access-queries.ts'
import { useConsole } from '../../state/console-state.tsx'
import { toHash } from '../../state/route.ts'

/** Nobody is asked who they are: the first manager has not been made. */
export function useIsOpen(): boolean {
  const { me } = useConsole()
  const state = useAuthState()
  return me.kind === 'setup' || state.data?.isSetUp === false
}

/** In the place of people and devices until there is somebody to allow them. */
export function SetUpFirst({ title, body }: { title: string; body: string }) {
  const { t } = useI18n()
  return (
    <Card>
      <EmptyState
        icon={<KeyIcon size={28} />}
        title={title}
        action={
          <a className="button button-primary" href={toHash({ screen: 'overview' })}>
            <span className="button-text">{t('setUp.first')}</span>
          </a>
        }
      >
        {body}
      </EmptyState>
    </Card>
  )
}
