import { type ReactNode, useState } from 'react'
import { Button, Dialog, Modal, ModalOverlay } from 'react-aria-components'
import type { BranchSummary } from '../../src-shared/protocol/management.ts'
import { useI18n } from '../i18n/i18n.tsx'
import type { AccountDialog } from '../screens/account/account-dialogs.tsx'
import { AccountMenu } from '../screens/account/account-menu.tsx'
import type { LiveState } from '../state/live-socket.ts'
import type { Preferences } from '../state/preferences.ts'
import type { Screen } from '../state/route.ts'
import { IconButton } from './button.tsx'
import { SelectField } from './fields.tsx'
import { CloseIcon, KeyboardIcon, Mark, MenuIcon, SearchIcon } from './icons.tsx'
import { LiveBadge } from './live-badge.tsx'
import { Navigation } from './navigation.tsx'
import { SettingsMenu } from './settings-menu.tsx'

interface ShellProps {
  screen: Screen
  /** Those that the reader may use. */
  screens: readonly Screen[]
  branches: readonly BranchSummary[]
  /** The branch on the screen; absent from `branches` for a moment while it is being restored. */
  shown: BranchSummary
  moduleId: string
  live: LiveState
  choices: Pick<Preferences, 'language' | 'theme' | 'digits'>
  onChange(part: Partial<Preferences>): void
  onPalette(): void
  onKeys(): void
  onAccount(dialog: AccountDialog): void
  children: ReactNode
  drawer: ReactNode
}

/** The frame of every screen: brand, branch, screens, state of the connection, settings. */
export function Shell(props: ShellProps) {
  const { screen, live, children, drawer } = props
  const { t } = useI18n()
  const [isMenuOpen, setMenuOpen] = useState(false)
  return (
    <div className="shell">
      <button type="button" className="skip-link" onClick={() => document.getElementById('content')?.focus()}>
        {t('app.skip')}
      </button>
      <aside className="side" aria-label={t('app.name')}>
        <SideContent
          {...props}
          menu={<IconButton label={t('nav.open')} icon={<MenuIcon />} onPress={() => setMenuOpen(true)} />}
        />
      </aside>
      <header className="top">
        <Mark size={26} />
        <strong className="top-name">{t('app.short')}</strong>
        <LiveBadge state={live} />
        <IconButton label={t('nav.open')} icon={<MenuIcon />} onPress={() => setMenuOpen(true)} />
      </header>
      <main className="main" id="content" tabIndex={-1}>
        <div className="page" data-screen={screen}>
          {live === 'offline' && (
            <p className="offline-note" role="status">
              {t('live.offline.hint')}
            </p>
          )}
          {children}
        </div>
      </main>
      {drawer}
      {isMenuOpen && (
        <ModalOverlay className="veil veil-menu" isOpen isDismissable onOpenChange={setMenuOpen}>
          <Modal className="modal modal-menu">
            <Dialog className="dialog side-sheet" aria-label={t('nav.label')}>
              <div className="side-sheet-close">
                <IconButton label={t('common.close')} icon={<CloseIcon />} onPress={() => setMenuOpen(false)} />
              </div>
              <SideContent {...props} onDone={() => setMenuOpen(false)} />
            </Dialog>
          </Modal>
        </ModalOverlay>
      )}
    </div>
  )
}

/** `menu` opens the same as a sheet; shown where the side is only a rail. */
function SideContent(props: ShellProps & { onDone?: () => void; menu?: ReactNode }) {
  const {
    screen,
    screens,
    branches,
    shown,
    moduleId,
    live,
    choices,
    onChange,
    onPalette,
    onKeys,
    onAccount,
    onDone,
    menu,
  } = props
  const { t, labelOf } = useI18n()
  const listed = branches.some((branch) => branch.branchId === shown.branchId) ? branches : [shown, ...branches]
  const options = listed.flatMap((branch) =>
    branch.modules.map((module) => ({
      id: `${branch.branchId}/${module.moduleId}`,
      label:
        branch.modules.length > 1
          ? t('branch.withModule', { branch: labelOf(branch), module: module.moduleId })
          : labelOf(branch),
    })),
  )
  return (
    <>
      <div className="brand">
        <Mark />
        <span className="brand-name">{t('app.name')}</span>
      </div>
      {menu && <div className="side-menu">{menu}</div>}
      <div className="side-branch">
        <SelectField
          label={t('branch.choose')}
          isLabelHidden
          options={options}
          value={`${shown.branchId}/${moduleId}`}
          onChange={(key) => {
            const [chosenBranch = '', chosenModule = ''] = key.split('/')
            onChange({ branchId: chosenBranch, moduleId: chosenModule })
            onDone?.()
          }}
        />
      </div>
      <Navigation current={screen} screens={screens} {...(onDone && { onChoose: onDone })} />
      <div className="side-foot">
        <LiveBadge state={live} />
        <Button
          className="side-button"
          onPress={() => {
            onDone?.()
            onPalette()
          }}
        >
          <SearchIcon />
          <span className="side-word">{t('palette.open')}</span>
          <span className="nav-key" aria-hidden="true">
            Ctrl K
          </span>
        </Button>
        <Button
          className="side-button"
          onPress={() => {
            onDone?.()
            onKeys()
          }}
        >
          <KeyboardIcon />
          <span className="side-word">{t('keys.open')}</span>
          <span className="nav-key" aria-hidden="true">
            ?
          </span>
        </Button>
        <AccountMenu
          onChoose={(dialog) => {
            onDone?.()
            onAccount(dialog)
          }}
        />
        <SettingsMenu choices={choices} onChange={onChange} />
      </div>
    </>
  )
}
