import { useState } from 'react'
import { useBranch } from '../shared/branch.tsx'
import { Button, Dialog } from '../shared/controls.tsx'
import { useTable } from '../shared/hooks.ts'
import { useLocale } from '../shared/i18n.tsx'
import { CheckIcon, Mark } from '../shared/icons.tsx'
import { HallIcon } from './icons.tsx'
import { useTexts } from './texts.ts'
import type { SectionChoice } from './tickets.ts'

interface SectionPickerProps {
  current: SectionChoice | null
  openBySection: ReadonlyMap<string, number>
  onChoose(sections: SectionChoice): void
  /** Without it nothing has been chosen yet, and the picker is the page. */
  onClose?: () => void
}

/** One section, several, or the whole kitchen. */
export function SectionPicker({ current, openBySection, onChoose, onClose }: SectionPickerProps) {
  const t = useTexts()
  const [picked, setPicked] = useState<SectionChoice>(current ?? [])
  const show = (
    <Button
      variant="primary"
      size="large"
      isDisabled={picked.length === 0}
      onPress={() => onChoose(picked)}
      testId="show-sections"
    >
      {t('sections.show')}
    </Button>
  )
  const list = <SectionList picked={picked} openBySection={openBySection} onPick={setPicked} />
  if (onClose) {
    return (
      <Dialog title={t('sections.choose')} shape="wide" name="sections" onClose={onClose} footer={show}>
        {list}
      </Dialog>
    )
  }
  return (
    <main className="first">
      <Mark size={56} />
      <h1>{t('sections.choose')}</h1>
      <p className="soft">{t('sections.body')}</p>
      {list}
      {show}
    </main>
  )
}

interface SectionListProps {
  picked: SectionChoice
  openBySection: ReadonlyMap<string, number>
  onPick(sections: SectionChoice): void
}

function SectionList({ picked, openBySection, onPick }: SectionListProps) {
  const t = useTexts()
  const { nameOf } = useLocale()
  const sections = useTable(useBranch().store, 'kitchen_sections')
  const sorted = sections.toSorted((a, b) => (a.sortOrder ?? 0) - (b.sortOrder ?? 0))
  const toggle = (id: string) => {
    const list = picked === 'all' ? [] : picked
    onPick(list.includes(id) ? list.filter((one) => one !== id) : [...list, id])
  }
  return (
    <div className="choose">
      {sections.length === 0 && <p className="note">{t('sections.none')}</p>}
      <button
        type="button"
        className="choose-one choose-all"
        aria-pressed={picked === 'all'}
        data-section="all"
        onClick={() => onPick(picked === 'all' ? [] : 'all')}
      >
        <HallIcon size={26} className="tone-ok" />
        <span className="choose-name">{t('sections.all')}</span>
        <CheckIcon size={26} className="choose-tick" />
      </button>
      {sorted.map((section) => (
        <button
          key={section.id}
          type="button"
          className="choose-one"
          aria-pressed={picked !== 'all' && picked.includes(section.id)}
          data-section={section.id}
          onClick={() => toggle(section.id)}
        >
          <span className="choose-name">{nameOf(section) || section.id}</span>
          <span className="choose-open">{t('sections.open', { count: openBySection.get(section.id) ?? 0 })}</span>
          <CheckIcon size={26} className="choose-tick" />
        </button>
      ))}
    </div>
  )
}
