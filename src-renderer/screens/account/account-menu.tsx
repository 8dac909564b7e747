import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components'
import { AccountIcon } from '../../components/icons.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { useConsole } from '../../state/console-state.tsx'
import type { AccountDialog } from './account-dialogs.tsx'
import { useSignOut } from './sign-out.ts'

const DIALOGS = ['secret', 'sessions'] as const

/** For a person who signed in; the desktop's own window and an open branch have nobody. */
export function AccountMenu({ onChoose }: { onChoose(dialog: AccountDialog): void }) {
  const { t } = useI18n()
  const { api, me } = useConsole()
  const signOut = useSignOut(api)
  if (!me.user) return null
  return (
    <MenuTrigger>
      <Button className="side-button" data-testid="account">
        <AccountIcon />
        <span className="side-word">
          <bdi>{me.user.name}</bdi>
        </span>
      </Button>
      <Popover className="popover" offset={6}>
        <Menu
          className="list-box"
          aria-label={t('account.menu')}
          onAction={(key) => {
            const dialog = DIALOGS.find((id) => id === key)
            if (dialog) onChoose(dialog)
            else signOut.mutate()
          }}
        >
          {DIALOGS.map((id) => (
            <MenuItem key={id} id={id} className="list-item">
              {t(`account.${id}`)}
            </MenuItem>
          ))}
          <MenuItem id="signOut" className="list-item">
            {t('account.signOut')}
          </MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  )
}
