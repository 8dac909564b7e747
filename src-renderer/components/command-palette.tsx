import { useState } from 'react'
import {
  Autocomplete,
  Dialog,
  Header,
  Input,
  ListBox,
  ListBoxItem,
  ListBoxSection,
  Modal,
  ModalOverlay,
  SearchField,
} from 'react-aria-components'
import { useI18n } from '../i18n/i18n.tsx'
import { matchesSearch } from '../i18n/text-input.ts'
import { SCREENS, type Screen } from '../state/route.ts'
import { SearchIcon, TablesIcon } from './icons.tsx'
import { ScreenIcon } from './navigation.tsx'
import { Code } from './text.tsx'

interface PaletteProps {
  tables: readonly { name: string; label: string }[]
  onChoose(target: { screen: Screen; item?: string }): void
  onClose(): void
}

/** Ctrl+K: every screen and table by any part of its name, in either language's spelling habits. */
export function CommandPalette({ tables, onChoose, onClose }: PaletteProps) {
  const { t } = useI18n()
  const [query, setQuery] = useState('')
  const screens = SCREENS.filter((screen) => matchesSearch(query, t(`nav.${screen}`), screen))
  const found = tables.filter(({ name, label }) => matchesSearch(query, name, label)).slice(0, 12)
  function choose(key: string): void {
    const [screen = 'overview', item] = key.split('/') as [Screen, string?]
    onClose()
    onChoose(item === undefined ? { screen } : { screen, item })
  }
  return (
    <ModalOverlay className="veil veil-palette" isOpen isDismissable onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Modal className="modal palette">
        <Dialog className="dialog" aria-label={t('palette.title')}>
          <Autocomplete inputValue={query} onInputChange={setQuery}>
            <SearchField className="palette-search" aria-label={t('palette.placeholder')} autoFocus>
              <SearchIcon />
              <Input className="palette-input" placeholder={t('palette.placeholder')} autoComplete="off" />
            </SearchField>
            <ListBox
              className="list-box palette-list"
              aria-label={t('palette.title')}
              onAction={(key) => choose(String(key))}
              renderEmptyState={() => <p className="palette-empty">{t('palette.empty')}</p>}
            >
              {screens.length > 0 && (
                <ListBoxSection id="screens" className="list-section">
                  <Header className="list-head">{t('palette.screens')}</Header>
                  {screens.map((screen) => (
                    <ListBoxItem key={screen} id={screen} className="list-item" textValue={t(`nav.${screen}`)}>
                      <ScreenIcon screen={screen} size={18} />
                      <span className="list-words">{t(`nav.${screen}`)}</span>
                    </ListBoxItem>
                  ))}
                </ListBoxSection>
              )}
              {found.length > 0 && (
                <ListBoxSection id="tables" className="list-section">
                  <Header className="list-head">{t('palette.tables')}</Header>
                  {found.map(({ name, label }) => (
                    <ListBoxItem key={name} id={`tables/${name}`} className="list-item" textValue={label}>
                      <TablesIcon size={18} />
                      <span className="list-words">
                        <bdi>{label}</bdi>
                      </span>
                      <span className="soft">
                        <Code>{name}</Code>
                      </span>
                    </ListBoxItem>
                  ))}
                </ListBoxSection>
              )}
            </ListBox>
          </Autocomplete>
        </Dialog>
      </Modal>
    </ModalOverlay>
  )
}
