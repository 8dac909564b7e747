import { useEffect, useState } from 'react'
import { Button, Dialog, IconButton, Segments } from './controls.tsx'
import { useStatus } from './hooks.ts'
import { useLocale, usePreferences } from './i18n.tsx'
import { BusyIcon, Mark, SlidersIcon } from './icons.tsx'
import { preferences } from './preferences.ts'
import type { StoreStatus } from './sdk.ts'
import { useSharedTexts } from './texts.ts'

export type Link = 'ready' | 'connecting' | 'away'

const PATIENCE_MS = 2_500

/** What a person is told: trying to connect counts as away once it takes longer than a moment. */
export function useLink(store: Parameters<typeof useStatus>[0]): Link {
  const status: StoreStatus = useStatus(store)
  const [isLong, setLong] = useState(false)
  const isReady = status === 'ready'
  useEffect(() => {
    setLong(false)
    if (isReady) return
    const timer = window.setTimeout(() => setLong(true), PATIENCE_MS)
    return () => window.clearTimeout(timer)
  }, [isReady])
  return isReady ? 'ready' : isLong ? 'away' : 'connecting'
}

/** A filled, a turning and a crossed dot: the shape differs, not only the colour. */
export function LinkBadge({ link }: { link: Link }) {
  const t = useSharedTexts()
  return (
    <p className={`link link-${link}`} role="status" data-link={link}>
      <svg
        width="14"
        height="14"
        viewBox="0 0 14 14"
        aria-hidden="true"
        className={link === 'connecting' ? 'turning' : ''}
      >
        {link === 'ready' && <circle cx="7" cy="7" r="4.500" className="link-dot" />}
        {link === 'connecting' && <path d="M7 2a5 5 0 1 1-4.700 3.300" className="link-ring" />}
        {link === 'away' && (
          <>
            <circle cx="7" cy="7" r="5" className="link-ring" />
            <path d="M3.800 10.200l6.400-6.400" className="link-ring" />
          </>
        )}
      </svg>
      <span>{t(`link.${link}`)}</span>
    </p>
  )
}

export function StartPage({ state }: { state: 'loading' | 'no-branch' | 'no-server' | 'refused' }) {
  const t = useSharedTexts()
  return (
    <main className="start" data-start={state}>
      <Mark size={72} />
      {state === 'loading' && (
        <p className="start-wait">
          <BusyIcon className="turning" /> {t('start.loading')}
        </p>
      )}
      {state === 'no-server' && (
        <>
          <h1>{t('start.noServer.title')}</h1>
          <p>{t('start.noServer.body')}</p>
        </>
      )}
      {state === 'refused' && (
        <>
          <h1>{t('start.refused.title')}</h1>
          <p>{t('start.refused.body')}</p>
        </>
      )}
      {state === 'no-branch' && (
        <>
          <h1>{t('start.noBranch.title')}</h1>
          <p>{t('start.noBranch.body')}</p>
        </>
      )}
    </main>
  )
}

/** Language, look and digits of this device. */
export function SettingsButton() {
  const t = useSharedTexts()
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <IconButton label={t('settings.title')} icon={<SlidersIcon />} onPress={() => setOpen(true)} />
      {isOpen && <SettingsDialog onClose={() => setOpen(false)} />}
    </>
  )
}

function SettingsDialog({ onClose }: { onClose(): void }) {
  const t = useSharedTexts()
  const { language } = useLocale()
  const { theme, digits } = usePreferences()
  return (
    <Dialog
      title={t('settings.title')}
      name="settings"
      onClose={onClose}
      footer={
        <Button variant="primary" onPress={onClose}>
          {t('common.done')}
        </Button>
      }
    >
      <section className="choice">
        <h3>{t('settings.language')}</h3>
        <Segments
          label={t('settings.language')}
          value={language}
          options={[
            { id: 'ar', text: <span lang="ar">العربية</span> },
            { id: 'en', text: <span lang="en">English</span> },
          ]}
          onChoose={(chosen) => preferences.change({ language: chosen })}
        />
      </section>
      <section className="choice">
        <h3>{t('settings.theme')}</h3>
        <Segments
          label={t('settings.theme')}
          value={theme}
          options={(['system', 'light', 'dark'] as const).map((id) => ({ id, text: t(`settings.theme.${id}`) }))}
          onChoose={(chosen) => preferences.change({ theme: chosen })}
        />
      </section>
      {language === 'ar' && (
        <section className="choice">
          <h3>{t('settings.digits')}</h3>
          <Segments
            label={t('settings.digits')}
            value={digits}
            options={(['latin', 'arabic'] as const).map((id) => ({ id, text: t(`settings.digits.${id}`) }))}
            onChoose={(chosen) => preferences.change({ digits: chosen })}
          />
        </section>
      )}
    </Dialog>
  )
}
