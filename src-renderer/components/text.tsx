import { type ReactNode, useState } from 'react'
import { useI18n } from '../i18n/i18n.tsx'
import { useNow } from '../state/use-now.ts'
import { IconButton } from './button.tsx'
import { CheckIcon, CopyIcon } from './icons.tsx'

/** An id, path, address or hash: left to right in any language, and never reordered by its surroundings. */
export function Code({ children }: { children: ReactNode }) {
  return (
    <bdi className="code" dir="ltr">
      {children}
    </bdi>
  )
}

export function CopyButton({ value, label }: { value: string; label?: string }) {
  const { t } = useI18n()
  const [isCopied, setCopied] = useState(false)
  const name = isCopied ? t('common.copied') : (label ?? t('common.copyValue', { value }))
  return (
    <IconButton
      label={name}
      icon={isCopied ? <CheckIcon size={18} /> : <CopyIcon size={18} />}
      onPress={() => {
        copyText(value).then(
          () => {
            setCopied(true)
            window.setTimeout(() => setCopied(false), 2_000)
          },
          () => setCopied(false),
        )
      }}
    />
  )
}

/** On plain http the clipboard is not available; a hidden field does the same. */
async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text)
  const field = document.createElement('textarea')
  field.value = text
  field.className = 'visually-hidden'
  document.body.append(field)
  field.select()
  document.execCommand('copy')
  field.remove()
}

/** A short value with its copy button. */
export function CopyableCode({ value }: { value: string }) {
  return (
    <span className="copyable">
      <Code>{value}</Code>
      <CopyButton value={value} />
    </span>
  )
}

/** "5 minutes ago", with the exact time at hand; or the exact time itself. */
export function Timestamp({ iso, isExact = false }: { iso: string; isExact?: boolean }) {
  const { format } = useI18n()
  const now = useNow()
  const exact = format.dateTime(iso)
  return (
    <time dateTime={iso} title={exact}>
      {isExact ? exact : format.relative(iso, now)}
    </time>
  )
}

export function Bytes({ value }: { value: number }) {
  return <bdi>{useI18n().format.bytes(value)}</bdi>
}
