import { Checkbox, CheckboxGroup } from 'react-aria-components'
import { Button } from '../../components/button.tsx'
import { Fold } from '../../components/details.tsx'
import { CheckIcon, WarnIcon } from '../../components/icons.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import type { LabelledTable } from '../../state/queries.ts'

interface TableChoiceProps {
  tables: readonly LabelledTable[]
  chosen: readonly string[]
  onChange(chosen: string[]): void
}

const KINDS = ['transaction', 'master'] as const

export function TableChoice({ tables, chosen, onChange }: TableChoiceProps) {
  const { t } = useI18n()
  const [transaction, master] = KINDS.map((kind) => {
    const ofKind = tables.filter((table) => table.kind === kind)
    const names = ofKind.map(({ name }) => name)
    const others = chosen.filter((name) => !names.includes(name))
    return (
      <Group
        key={kind}
        title={t(`purge.${kind}`)}
        tables={ofKind}
        chosen={chosen.filter((name) => names.includes(name))}
        onChange={(next) => onChange([...others, ...next])}
      />
    )
  })
  return (
    <>
      {transaction}
      <Fold title={t('purge.master')}>
        <p className="master-warning">
          <WarnIcon className="tone-warn" />
          <span>{t('purge.master.warning')}</span>
        </p>
        {master}
      </Fold>
    </>
  )
}

function Group({ title, tables, chosen, onChange }: TableChoiceProps & { title: string }) {
  const { t, format, labelOf } = useI18n()
  return (
    <div className="choice">
      <div className="choice-head">
        <h3>{title}</h3>
        <Button size="small" variant="ghost" onPress={() => onChange(tables.map(({ name }) => name))}>
          {t('purge.all')}
        </Button>
        <Button size="small" variant="ghost" onPress={() => onChange([])}>
          {t('purge.nothing')}
        </Button>
      </div>
      <CheckboxGroup className="choice-list" aria-label={title} value={[...chosen]} onChange={onChange}>
        {tables.map((table) => (
          <Checkbox key={table.name} value={table.name} className="check">
            <span className="check-box">
              <CheckIcon size={16} />
            </span>
            <span className="check-words">
              <bdi>{labelOf(table)}</bdi>
            </span>
            <span className="soft">{format.number(table.count)}</span>
          </Checkbox>
        ))}
      </CheckboxGroup>
    </div>
  )
}
