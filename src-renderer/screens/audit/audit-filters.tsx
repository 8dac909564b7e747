import { Button } from '../../components/button.tsx'
import { SelectField, TextField } from '../../components/fields.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { type AuditFilter, useDevices, usePeople } from '../../state/access-queries.ts'
import { useConsole } from '../../state/console-state.tsx'
import { mayManage } from '../../state/permissions.ts'
import { ACTIONS, useActionName } from './action-name.ts'

const ALL = 'all'

interface AuditFiltersProps {
  filter: AuditFilter
  onChange(filter: AuditFilter): void
}

export function AuditFilters({ filter, onChange }: AuditFiltersProps) {
  const { t } = useI18n()
  const { me } = useConsole()
  const nameOf = useActionName()
  const { data: people = [] } = usePeople(mayManage(me, 'people'))
  const { data: devices = [] } = useDevices(mayManage(me, 'devices'))
  const any = { id: ALL, label: t('audit.any') }
  function set(part: { [K in keyof AuditFilter]: string }): void {
    const next = { ...filter, ...part }
    const given = Object.entries(next).filter(([, value]) => value !== ALL && value !== '')
    onChange(Object.fromEntries(given))
  }
  return (
    <div className="filters">
      <SelectField
        label={t('audit.filter.action')}
        options={[any, ...ACTIONS.map((id) => ({ id, label: nameOf(id) }))]}
        value={filter.action ?? ALL}
        onChange={(action) => set({ action })}
      />
      <SelectField
        label={t('audit.filter.actor')}
        options={[any, ...people.map(({ id, name }) => ({ id, label: name }))]}
        value={filter.actor ?? ALL}
        onChange={(actor) => set({ actor })}
      />
      <SelectField
        label={t('audit.filter.device')}
        options={[any, ...devices.map(({ id, name }) => ({ id, label: name }))]}
        value={filter.device ?? ALL}
        onChange={(device) => set({ device })}
      />
      <TimeField label={t('audit.filter.from')} value={filter.from} onChange={(from) => set({ from })} />
      <TimeField label={t('audit.filter.to')} value={filter.to} onChange={(to) => set({ to })} />
      {Object.keys(filter).length > 0 && (
        <Button variant="ghost" onPress={() => onChange({})}>
          {t('common.clear')}
        </Button>
      )}
    </div>
  )
}

interface TimeFieldProps {
  label: string
  /** ISO 8601, UTC. */
  value: string | undefined
  onChange(iso: string): void
}

/** The browser's own field for a moment, on the reader's clock. */
function TimeField({ label, value, onChange }: TimeFieldProps) {
  return (
    <TextField
      label={label}
      type="datetime-local"
      isCode
      value={value === undefined ? '' : toLocalText(value)}
      onChange={(text) => onChange(text === '' ? '' : new Date(text).toISOString())}
    />
  )
}

function toLocalText(iso: string): string {
  const at = new Date(iso)
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}
