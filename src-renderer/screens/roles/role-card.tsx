import { Button, IconButton } from '../../components/button.tsx'
import { Card } from '../../components/card.tsx'
import { FactList } from '../../components/dialog.tsx'
import { EditIcon, TrashIcon } from '../../components/icons.tsx'
import { Code } from '../../components/text.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import type { Role } from '../../state/access.ts'
import { usePermissionWords } from './permission-words.ts'
import { useRoleName } from './role-name.ts'

interface RoleCardProps {
  role: Role
  onAsk(what: 'edit' | 'remove'): void
}

/** What a role may do, in words. Those that every branch has cannot be changed here. */
export function RoleCard({ role, onAsk }: RoleCardProps) {
  const { t } = useI18n()
  const nameOf = useRoleName()
  const wordsOf = usePermissionWords()
  const { roleId, permissions, isBuiltIn } = role
  const name = nameOf(roleId)
  return (
    <Card
      className="role-card"
      title={<bdi>{name}</bdi>}
      note={isBuiltIn ? t('roles.builtIn') : <Code>{roleId}</Code>}
      {...(!isBuiltIn && {
        actions: (
          <div className="line-actions">
            <Button
              size="small"
              icon={<EditIcon size={18} />}
              label={t('roles.editOf', { name })}
              onPress={() => onAsk('edit')}
            >
              {t('roles.edit')}
            </Button>
            <IconButton label={t('roles.removeOf', { name })} icon={<TrashIcon />} onPress={() => onAsk('remove')} />
          </div>
        ),
      })}
    >
      <div data-role={roleId}>
        {permissions.length === 0 ? (
          <p className="soft">{t('roles.nothing')}</p>
        ) : (
          <FactList facts={permissions.map((word) => <bdi key={word}>{wordsOf(word)}</bdi>)} />
        )}
      </div>
    </Card>
  )
}
