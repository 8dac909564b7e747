import { SelectField } from '../../components/fields.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { useRoles } from '../../state/access-queries.ts'
import { useConsole } from '../../state/console-state.tsx'
import { mayManage } from '../../state/permissions.ts'
import { useRoleName } from './role-name.ts'

const KNOWN = ['admin', 'manager', 'cashier', 'waiter', 'kitchen', 'display', 'integration']

interface RoleSelectProps {
  value: string
  onChange(roleId: string): void
  label?: string
}

/** Every role; those that every branch has for whoever may not list the roles. */
export function RoleSelect({ value, onChange, label }: RoleSelectProps) {
  const { t } = useI18n()
  const { me } = useConsole()
  const { data: roles } = useRoles(mayManage(me, 'roles'))
  const nameOf = useRoleName()
  const listed = roles?.map(({ roleId }) => roleId) ?? KNOWN
  const ids = listed.includes(value) ? listed : [...listed, value]
  return (
    <SelectField
      label={label ?? t('people.role')}
      options={ids.map((id) => ({ id, label: nameOf(id) }))}
      value={value}
      onChange={onChange}
    />
  )
}
