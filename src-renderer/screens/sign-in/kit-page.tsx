import { useEffect, useState } from 'react'
import { Button } from '../../components/button.tsx'
import { FactList } from '../../components/dialog.tsx'
import { Check } from '../../components/fields.tsx'
import { Mark, PrintIcon } from '../../components/icons.tsx'
import { Code } from '../../components/text.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import type { RecoveryKit } from '../../state/recovery-kit.ts'

/** Shown once and printed: the only way back when every administrator's password is lost. */
export function KitPage({ kit, onDone }: { kit: RecoveryKit; onDone(): void }) {
  const { t, format } = useI18n()
  const [isPrinted, setPrinted] = useState(false)
  useWarningBeforeLeaving()
  return (
    <main className="start-page kit-page">
      <article className="kit">
        <header className="kit-head">
          <Mark size={44} />
          <div>
            <h1 className="start-title">{t('kit.title')}</h1>
            <p className="soft">{t('app.name')}</p>
          </div>
        </header>
        <p>{t('kit.body')}</p>
        <p className="kit-code" data-testid="recovery-code">
          <Code>{kit.recoveryCode}</Code>
        </p>
        <dl className="kit-facts">
          <div>
            <dt>{t('kit.user')}</dt>
            <dd>
              <bdi>{kit.user}</bdi>
            </dd>
          </div>
          <div>
            <dt>{t('kit.server')}</dt>
            <dd>
              <Code>{window.location.host || t('app.short')}</Code>
            </dd>
          </div>
          <div>
            <dt>{t('kit.date')}</dt>
            <dd>{format.dateTime(new Date().toISOString())}</dd>
          </div>
        </dl>
        <FactList facts={[t('kit.fact.lock'), t('kit.fact.use'), t('kit.fact.once')]} />
        <footer className="kit-foot">
          <Button variant="primary" icon={<PrintIcon />} onPress={() => window.print()}>
            {t('kit.print')}
          </Button>
          <Check isSelected={isPrinted} onChange={setPrinted}>
            {t('kit.printed')}
          </Check>
          <Button isDisabled={!isPrinted} onPress={onDone}>
            {t('kit.done')}
          </Button>
        </footer>
      </article>
    </main>
  )
}

/** The code is nowhere else. */
function useWarningBeforeLeaving(): void {
  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => event.preventDefault()
    window.addEventListener('beforeunload', warn)
    return () => window.removeEventListener('beforeunload', warn)
  }, [])
}
