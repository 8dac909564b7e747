import type { ReactNode } from 'react'
import { Button, Disclosure, DisclosurePanel, Heading } from 'react-aria-components'
import { useI18n } from '../i18n/i18n.tsx'
import { usePreferences } from '../state/console-state.tsx'
import { DownIcon } from './icons.tsx'

/** The technician's layer. Open or shut is remembered for all screens together. */
export function Details({ children }: { children: ReactNode }) {
  const { t } = useI18n()
  const [{ hasDetails }, change] = usePreferences()
  return (
    <Fold title={t('common.details')} isOpen={hasDetails} onChange={(isOpen) => change({ hasDetails: isOpen })}>
      {children}
    </Fold>
  )
}

interface FoldProps {
  title: ReactNode
  children: ReactNode
  isOpen?: boolean
  onChange?(isOpen: boolean): void
}

export function Fold({ title, children, isOpen, onChange }: FoldProps) {
  return (
    <Disclosure
      className="fold"
      {...(isOpen !== undefined && { isExpanded: isOpen })}
      {...(onChange && { onExpandedChange: onChange })}
    >
      <Heading className="fold-head" level={3}>
        <Button slot="trigger" className="fold-button">
          <DownIcon size={18} className="fold-arrow" />
          <span>{title}</span>
        </Button>
      </Heading>
      <DisclosurePanel className="fold-panel">{children}</DisclosurePanel>
    </Disclosure>
  )
}

/** Names and values, two to a line where there is room. */
export function Facts({ facts }: { facts: readonly { name: ReactNode; value: ReactNode }[] }) {
  return (
    <dl className="fact-grid">
      {facts.map(({ name, value }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the order of facts is fixed
        <div key={index} className="fact">
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
