import {
  Button,
  Header,
  Menu,
  MenuItem,
  MenuSection,
  MenuTrigger,
  Popover,
  type Selection,
} from 'react-aria-components'
import { useI18n } from '../i18n/i18n.tsx'
import type { Preferences } from '../state/preferences.ts'
import { CheckIcon, SlidersIcon } from './icons.tsx'

type Choices = Pick<Preferences, 'language' | 'theme' | 'digits'>

interface SettingsMenuProps {
  choices: Choices
  onChange(part: Partial<Choices>): void
}

/** Each language in its own name, so that it can be found from the other one. */
const LANGUAGES = [
  { id: 'en', name: 'English' },
  { id: 'ar', name: 'العربية' },
] as const
const THEMES = ['system', 'light', 'dark'] as const
const DIGITS = ['latin', 'arabic'] as const

export function SettingsMenu({ choices, onChange }: SettingsMenuProps) {
  const { t } = useI18n()
  const { language, theme, digits } = choices
  return (
    <MenuTrigger>
      <Button className="side-button">
        <SlidersIcon />
        <span className="side-word">{t('settings.open')}</span>
      </Button>
      <Popover className="popover" offset={6}>
        <Menu className="list-box" aria-label={t('settings.open')} shouldCloseOnSelect={false}>
          <Choice
            title={t('settings.language')}
            value={language}
            options={LANGUAGES.map(({ id, name }) => ({ id, text: name }))}
            onChoose={(value) => onChange({ language: value })}
          />
          {language === 'ar' && (
            <Choice
              title={t('settings.digits')}
              value={digits}
              options={DIGITS.map((id) => ({ id, text: t(`settings.digits.${id}`) }))}
              onChoose={(value) => onChange({ digits: value })}
            />
          )}
          <Choice
            title={t('settings.theme')}
            value={theme}
            options={THEMES.map((id) => ({ id, text: t(`settings.theme.${id}`) }))}
            onChoose={(value) => onChange({ theme: value })}
          />
        </Menu>
      </Popover>
    </MenuTrigger>
  )
}

interface ChoiceProps<K extends string> {
  title: string
  value: string
  options: readonly { id: K; text: string }[]
  onChoose(value: K): void
}

function Choice<K extends string>({ title, value, options, onChoose }: ChoiceProps<K>) {
  return (
    <MenuSection
      className="list-section"
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={[value]}
      onSelectionChange={(keys: Selection) => {
        const chosen = options.find(({ id }) => keys !== 'all' && keys.has(id))
        if (chosen) onChoose(chosen.id)
      }}
    >
      <Header className="list-head">{title}</Header>
      {options.map(({ id, text }) => (
        <MenuItem key={id} id={id} className="list-item" textValue={text}>
          {({ isSelected }) => (
            <>
              <span className="list-words">
                <bdi>{text}</bdi>
              </span>
              {isSelected && <CheckIcon size={16} />}
            </>
          )}
        </MenuItem>
      ))}
    </MenuSection>
  )
}
