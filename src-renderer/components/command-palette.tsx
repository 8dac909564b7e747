import { useState } from 'react'
import {
  Autocomplete,
  Dialog,
  Input,
  ListBox,
  ListBoxItem,
  Modal,
  ModalOverlay,
  TextField,
} from 'react-aria-components'
import { useI18n } from '../i18n/i18n.tsx'
import { foldForSearch, matchesSearch } from '../i18n/text-input.ts'
import type { Screen } from '../state/route.ts'
import { SearchIcon, TablesIcon } from './icons.tsx'
import { ScreenIcon } from './navigation.tsx'
import { Code } from './text.tsx'

interface PaletteProps {
  screens: readonly Screen[]
  tables: readonly { name: string; label: string }[]
  onChoose(target: { screen: Screen; item?: string }): void
  onClose(): void
}

interface Target {
  id: string
  screen: Screen
  /** A table's name; a screen itself has none. */
  table?: string
  label: string
}

const LONGEST_LIST = 40

/** Ctrl+K: every screen and table by any part of its name, in either language's spelling habits. */
export function CommandPalette({ screens, tables, onChoose, onClose }: PaletteProps) {
  const { t } = useI18n()
  const [query, setQuery] = useState('')
  const targets: Target[] = [
    ...screens.map((screen) => ({ id: screen, screen, label: t(`nav.${screen}`) })),
    ...tables.map(({ name, label }) => ({ id: `table/${name}`, screen: 'tables' as const, table: name, label })),
  ]
  const found = targets
    .filter(({ label, table, screen }) => matchesSearch(query, label, table ?? screen))
    .toSorted((a, b) => rankOf(query, a.label) - rankOf(query, b.label))
    .slice(0, LONGEST_LIST)
  function choose(id: string): void {
    const target = targets.find((entry) => entry.id === id)
    onClose()
    if (target) onChoose({ screen: target.screen, ...(target.table !== undefined && { item: target.table }) })
  }
  return (
    <ModalOverlay className="veil veil-palette" isOpen isDismissable onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Modal className="modal palette">
        <Dialog className="dialog" aria-label={t('palette.title')}>
          <Autocomplete inputValue={query} onInputChange={setQuery}>
            <TextField className="palette-search" aria-label={t('palette.placeholder')} autoFocus>
              <SearchIcon />
              <Input className="palette-input" placeholder={t('palette.placeholder')} autoComplete="off" />
            </TextField>
            <ListBox
              className="list-box palette-list"
              aria-label={t('palette.title')}
              items={found}
              onAction={(key) => choose(String(key))}
              renderEmptyState={() => <p className="palette-empty">{t('palette.empty')}</p>}
            >
              {({ id, label, screen, table }) => (
                <ListBoxItem id={id} className="list-item" textValue={label}>
                  {table === undefined ? <ScreenIcon screen={screen} size={18} /> : <TablesIcon size={18} />}
                  <span className="list-words">
                    <bdi>{label}</bdi>
                  </span>
                  <span className="soft">{table === undefined ? t('palette.screen') : <Code>{table}</Code>}</span>
                </ListBoxItem>
              )}
            </ListBox>
          </Autocomplete>
        </Dialog>
      </Modal>
    </ModalOverlay>
  )
}

/** Names that begin with what was typed, then names that hold it, then those found by their technical name. */
function rankOf(query: string, label: string): number {
  const place = foldForSearch(label).indexOf(foldForSearch(query))
  return place === 0 ? 0 : place > 0 ? 1 : 2
}
