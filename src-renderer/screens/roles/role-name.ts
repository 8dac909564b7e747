import { useI18n } from '../../i18n/i18n.tsx'
import { useRoles } from '../../state/access-queries.ts'
import { useConsole } from '../../state/console-state.tsx'
import { mayManage } from '../../state/permissions.ts'

/** A role in the reader's language; custom ones by their label, or by their id where that is unknown. */
export function useRoleName(): (roleId: string) => string {
  const { find } = useI18n()
  const { me } = useConsole()
  const { data: roles = [] } = useRoles(mayManage(me, 'roles'))
  return (roleId) => {
    const role = roles.find((entry) => entry.roleId === roleId)
    // A policy file may take the place of a role that every branch has; then its label counts.
    return (role?.isBuiltIn === false ? role.label : find(`role.${roleId}`)) ?? role?.label ?? roleId
  }
}
