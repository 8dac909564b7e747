import { useI18n } from '../i18n/i18n.tsx'
import { Dialog } from './dialog.tsx'

const ROWS = [
  { id: 'screen', keys: ['Alt', '0–9'] },
  { id: 'palette', keys: ['Ctrl', 'K'] },
  { id: 'help', keys: ['?'] },
  { id: 'close', keys: ['Esc'] },
  { id: 'move', keys: ['Home', 'End', 'Tab'] },
  { id: 'row', keys: ['Enter'] },
] as const

export function ShortcutsSheet({ onClose }: { onClose(): void }) {
  const { t } = useI18n()
  return (
    <Dialog title={t('keys.title')} onClose={onClose}>
      <dl className="keys">
        {ROWS.map(({ id, keys }) => (
          <div key={id} className="keys-row">
            <dt>{t(`keys.${id}`)}</dt>
            <dd dir="ltr">
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
