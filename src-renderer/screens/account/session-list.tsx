import { Badge } from '../../components/badge.tsx'
import { Button } from '../../components/button.tsx'
import { ErrorNote } from '../../components/error-state.tsx'
import { Code, Timestamp } from '../../components/text.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import type { Session } from '../../state/access.ts'
import { useEndSession } from '../../state/access-mutations.ts'

/** Where people are signed in, newest use first; each can be ended. */
export function SessionList({ sessions, whose }: { sessions: readonly Session[]; whose: 'own' | 'all' }) {
  const { t } = useI18n()
  const end = useEndSession(whose)
  const sorted = sessions.toSorted((a, b) => b.lastSeenAt.localeCompare(a.lastSeenAt))
  return (
    <>
      {end.error && <ErrorNote error={end.error} />}
      <ul className="lines">
        {sorted.map((session) => {
          const { id, person, device, method, lastSeenAt, address, agent, isCurrent } = session
          const name = person ?? device ?? t('sessions.device')
          return (
            <li key={id} className="line" data-session={id}>
              <div className="line-words">
                <h3 className="line-title">
                  <bdi>{name}</bdi>
                  {isCurrent && <Badge tone="ok">{t('sessions.current')}</Badge>}
                </h3>
                <p className="line-facts">
                  <span>{t(`sessions.method.${method}`)}</span>
                  {person !== null && device !== null && <bdi>{device}</bdi>}
                  <Code>{address}</Code>
                  <span>
                    {t('sessions.seen')} <Timestamp iso={lastSeenAt} />
                  </span>
                </p>
                {agent !== '' && (
                  <p className="soft session-agent">
                    <bdi dir="ltr">{agent}</bdi>
                  </p>
                )}
              </div>
              {!isCurrent && (
                <div className="line-actions">
                  <Button
                    size="small"
                    label={t('sessions.endOf', { name })}
                    isBusy={end.isPending && end.variables.id === id}
                    onPress={() => end.mutate({ id })}
                  >
                    {t('sessions.end')}
                  </Button>
                </div>
              )}
            </li>
          )
        })}
      </ul>
    </>
  )
}
