import {
  Text,
  UNSTABLE_Toast as Toast,
  UNSTABLE_ToastContent as ToastContent,
  UNSTABLE_ToastQueue as ToastQueue,
  UNSTABLE_ToastRegion as ToastRegion,
} from 'react-aria-components'
import { useI18n } from '../i18n/i18n.tsx'
import { IconButton } from './button.tsx'
import { CloseIcon, OkIcon } from './icons.tsx'

const SHOWN_MS = 8_000
const queue = new ToastQueue<{ text: string }>({ maxVisibleToasts: 3 })

/** Says that something small worked. Long work reports in the task drawer instead. */
export function showToast(text: string): void {
  queue.add({ text }, { timeout: SHOWN_MS })
}

export function Toasts() {
  const { t } = useI18n()
  return (
    <ToastRegion queue={queue} className="toasts">
      {({ toast }) => (
        <Toast toast={toast} className="toast">
          <OkIcon className="tone-ok" />
          <ToastContent className="toast-text">
            <Text slot="title">{toast.content.text}</Text>
          </ToastContent>
          <IconButton slot="close" label={t('common.close')} icon={<CloseIcon size={18} />} />
        </Toast>
      )}
    </ToastRegion>
  )
}
