import { SettingsButton } from '../chrome.tsx'
import { Mark } from '../icons.tsx'
import { useSharedTexts } from '../texts.ts'

/** This page came by plain http, over which the branch serves nothing to other devices. */
export function HttpsPage() {
  const t = useSharedTexts()
  return (
    <main className="access" data-access="https-required">
      <header className="access-head">
        <Mark size={40} />
        <SettingsButton />
      </header>
      <section className="access-card">
        <h1>{t('access.https.title')}</h1>
        <p>{t('access.https.body')}</p>
        <a className="button button-primary button-large" href="/trust">
          {t('access.https.trust')}
        </a>
      </section>
    </main>
  )
}
