import { Badge } from '../../components/badge.tsx'
import { Button, IconButton } from '../../components/button.tsx'
import { ErrorNote } from '../../components/error-state.tsx'
import { EditIcon, KeyIcon, TrashIcon } from '../../components/icons.tsx'
import { Code, CopyableCode } from '../../components/text.tsx'
import { showToast } from '../../components/toast.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import type { Person } from '../../state/access.ts'
import { useChangePerson, useUnlockPerson } from '../../state/access-mutations.ts'
import { useConsole, usePreferences } from '../../state/console-state.tsx'
import { useRoleName } from '../roles/role-name.ts'
import type { PersonQuestion } from './people-screen.tsx'

interface PersonLineProps {
  person: Person
  onAsk(what: PersonQuestion): void
}

export function PersonLine({ person, onAsk }: PersonLineProps) {
  const { t } = useI18n()
  const { me } = useConsole()
  const roleName = useRoleName()
  const [{ hasDetails }] = usePreferences()
  const unlock = useUnlockPerson()
  const enable = useChangePerson()
  const { id, user, name, role, branches, hasPassword, hasPin, isDisabled, locks = [] } = person
  const isSelf = me.user?.id === id
  const error = unlock.error ?? enable.error
  return (
    <li className="line" data-person={user}>
      <div className="line-words">
        <h3 className="line-title">
          <bdi>{name}</bdi>
          {isSelf && <Badge tone="neutral">{t('people.self')}</Badge>}
          {isDisabled && <Badge tone="danger">{t('people.disabled')}</Badge>}
          {locks.length > 0 && <Badge tone="warn">{t('people.locked')}</Badge>}
        </h3>
        <p className="line-facts">
          <strong>{roleName(role)}</strong>
          <Code>{user}</Code>
          <span>{branches === null ? t('people.branches.all') : <Code>{branches.join(', ')}</Code>}</span>
          <span>
            {t(
              hasPassword
                ? hasPin
                  ? 'people.secrets.both'
                  : 'people.secrets.password'
                : hasPin
                  ? 'people.secrets.pin'
                  : 'people.secrets.none',
            )}
          </span>
        </p>
        {hasDetails && (
          <p className="line-facts">
            <CopyableCode value={id} />
          </p>
        )}
        {error && <ErrorNote error={error} />}
      </div>
      <div className="line-actions">
        {locks.length > 0 && (
          <Button
            size="small"
            variant="primary"
            label={t('people.unlockOf', { name })}
            isBusy={unlock.isPending}
            onPress={() => unlock.mutate({ id }, { onSuccess: () => showToast(t('people.unlocked', { name })) })}
          >
            {t('people.unlock')}
          </Button>
        )}
        <Button
          size="small"
          icon={<EditIcon size={18} />}
          label={t('people.editOf', { name })}
          onPress={() => onAsk('edit')}
        >
          {t('people.edit')}
        </Button>
        <Button
          size="small"
          icon={<KeyIcon size={18} />}
          label={t('people.resetOf', { name })}
          onPress={() => onAsk('secret')}
        >
          {t('people.reset')}
        </Button>
        {!isSelf && (
          <>
            <Button
              size="small"
              label={t(isDisabled ? 'people.enableOf' : 'people.disableOf', { name })}
              isBusy={enable.isPending}
              onPress={() => (isDisabled ? enable.mutate({ id, isDisabled: false }) : onAsk('disable'))}
            >
              {t(isDisabled ? 'people.enable' : 'people.disable')}
            </Button>
            <IconButton label={t('people.removeOf', { name })} icon={<TrashIcon />} onPress={() => onAsk('remove')} />
          </>
        )}
      </div>
    </li>
  )
}
