import { useState } from 'react'
import { Button } from '../../components/button.tsx'
import { Details } from '../../components/details.tsx'
import { PlusIcon } from '../../components/icons.tsx'
import { Loaded } from '../../components/loaded.tsx'
import { ScreenHead } from '../../components/screen-head.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import type { Role } from '../../state/access.ts'
import { useRoles } from '../../state/access-queries.ts'
import { ExplainCard } from './explain-card.tsx'
import { PermissionMatrix } from './permission-matrix.tsx'
import { RoleCard } from './role-card.tsx'
import { RemoveRole, RoleDialog } from './role-dialogs.tsx'

type Asked = { what: 'edit' | 'remove'; role: Role } | { what: 'add' } | null

export function RolesScreen() {
  const { t } = useI18n()
  const roles = useRoles()
  const [asked, setAsked] = useState<Asked>(null)
  const close = () => setAsked(null)
  return (
    <>
      <ScreenHead
        title={t('roles.title')}
        tone="neutral"
        sentence={t('roles.sentence', { count: roles.data?.length ?? 0 })}
        actions={
          <Button variant="primary" icon={<PlusIcon />} onPress={() => setAsked({ what: 'add' })}>
            {t('roles.add')}
          </Button>
        }
      />
      <Loaded query={roles}>
        {(list) => (
          <>
            <div className="role-cards">
              {list.map((role) => (
                <RoleCard key={role.roleId} role={role} onAsk={(what) => setAsked({ what, role })} />
              ))}
            </div>
            <ExplainCard roles={list} />
            <Details>
              <PermissionMatrix roles={list} />
            </Details>
          </>
        )}
      </Loaded>
      {asked?.what === 'add' && <RoleDialog onClose={close} />}
      {asked?.what === 'edit' && <RoleDialog role={asked.role} onClose={close} />}
      {asked?.what === 'remove' && <RemoveRole role={asked.role} onClose={close} />}
    </>
  )
}
