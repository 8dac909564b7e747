import { Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components'
import type { TableSummary } from '../../../src-shared/protocol/management.ts'
import { Button } from '../../components/button.tsx'
import { CheckIcon, ColumnsIcon } from '../../components/icons.tsx'
import { Code } from '../../components/text.tsx'
import { useI18n } from '../../i18n/i18n.tsx'

interface ColumnMenuProps {
  table: TableSummary
  shown: readonly string[]
  onChange(shown: string[]): void
}

/** Which fields are columns; the key always is. */
export function ColumnMenu({ table, shown, onChange }: ColumnMenuProps) {
  const { t } = useI18n()
  const { primaryKey, fields } = table
  const names = [...primaryKey, ...fields.map(({ name }) => name).filter((name) => !primaryKey.includes(name))]
  return (
    <MenuTrigger>
      <Button icon={<ColumnsIcon />}>{t('tables.rows.columns')}</Button>
      <Popover className="popover" offset={4}>
        <Menu
          className="list-box"
          aria-label={t('tables.rows.columns')}
          selectionMode="multiple"
          shouldCloseOnSelect={false}
          disabledKeys={primaryKey}
          selectedKeys={shown}
          onSelectionChange={(keys) => {
            const chosen = (name: string) => primaryKey.includes(name) || keys === 'all' || keys.has(name)
            onChange(names.filter(chosen))
          }}
        >
          {names.map((name) => (
            <MenuItem key={name} id={name} className="list-item" textValue={name}>
              {({ isSelected }) => (
                <>
                  <span className="list-words">
                    <Code>{name}</Code>
                  </span>
                  {isSelected && <CheckIcon size={16} />}
                </>
              )}
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  )
}
