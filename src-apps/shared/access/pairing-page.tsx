import { type FormEvent, useState } from 'react'
import { SettingsButton } from '../chrome.tsx'
import { Button } from '../controls.tsx'
import { useLocale } from '../i18n.tsx'
import { Mark } from '../icons.tsx'
import type { AccessState } from '../sdk.ts'
import { useSharedTexts } from '../texts.ts'
import { deviceSession } from './device.ts'
import { DigitPad } from './digit-pad.tsx'
import type { AppName } from './gate.tsx'
import { Problem, useWait } from './problem.tsx'

const CODE_LENGTH = 8
const MAX_PIN = 8

interface PairingPageProps {
  app: AppName
  state: AccessState
  linkProblem: unknown
}

/** How a device comes to be let in: the 8 digits of the console, then somebody's approval. */
export function PairingPage({ app, state, linkProblem }: PairingPageProps) {
  const t = useSharedTexts()
  const [problem, setProblem] = useState<unknown>(linkProblem)
  const isWaiting = state.kind === 'waiting'
  return (
    <main className="access" data-access={state.kind}>
      <header className="access-head">
        <Mark size={40} />
        <SettingsButton />
      </header>
      {isWaiting ? (
        <WaitingCard expiresAt={state.expiresAt} />
      ) : (
        <>
          {state.kind === 'revoked' && (
            <section className="note note-warn access-note" role="status">
              <h2>{t('access.revoked.title')}</h2>
              <p>{t('access.revoked.body')}</p>
            </section>
          )}
          <CodeCard app={app} isAgain={state.kind === 'revoked'} problem={problem} onProblem={setProblem} />
        </>
      )}
    </main>
  )
}

interface CodeCardProps {
  app: AppName
  isAgain: boolean
  problem: unknown
  onProblem(problem: unknown): void
}

function CodeCard({ app, isAgain, problem, onProblem }: CodeCardProps) {
  const t = useSharedTexts()
  const [code, setCode] = useState('')
  const [name, setName] = useState(() => t(`access.device.${app}`))
  const wait = useWait(problem)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onProblem(undefined)
    // Resolves after the approval; the page shows the waiting by itself.
    deviceSession.pair({ code }, name.trim() || t(`access.device.${app}`)).catch((error: unknown) => {
      setCode('')
      onProblem(error)
    })
  }
  return (
    <form className="access-card" onSubmit={submit}>
      <h1>{t(isAgain ? 'access.pair.again' : 'access.pair.title')}</h1>
      <p className="soft">{t('access.pair.body')}</p>
      <Problem problem={problem} wait={wait} />
      <label className="field">
        <span className="field-label">{t('access.pair.name')}</span>
        <input
          className="input"
          name="device"
          maxLength={100}
          autoComplete="off"
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      </label>
      <DigitPad
        label={t('access.pair.code')}
        value={code}
        maxLength={CODE_LENGTH}
        isDisabled={wait > 0}
        onChange={setCode}
      />
      <Button
        type="submit"
        variant="primary"
        size="large"
        isDisabled={code.length !== CODE_LENGTH || wait > 0}
        testId="pair"
      >
        {t('access.pair.button')}
      </Button>
    </form>
  )
}

function WaitingCard({ expiresAt }: { expiresAt: string }) {
  const t = useSharedTexts()
  const { format } = useLocale()
  const [user, setUser] = useState('')
  const [pin, setPin] = useState('')
  const [problem, setProblem] = useState<unknown>()
  const wait = useWait(problem)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setProblem(undefined)
    deviceSession.approve({ user: user.trim(), pin }).catch((error: unknown) => {
      setPin('')
      setProblem(error)
    })
  }
  return (
    <form className="access-card" onSubmit={submit}>
      <h1>{t('access.wait.title')}</h1>
      <p className="soft">{t('access.wait.body', { time: format.time(expiresAt) })}</p>
      <Problem problem={problem} wait={wait} />
      <label className="field">
        <span className="field-label">{t('access.wait.user')}</span>
        <input
          className="input"
          name="manager"
          maxLength={128}
          autoComplete="off"
          autoCapitalize="none"
          dir="auto"
          value={user}
          onChange={(event) => setUser(event.target.value)}
        />
      </label>
      <DigitPad
        label={t('access.wait.pin')}
        value={pin}
        maxLength={MAX_PIN}
        isSecret
        isDisabled={wait > 0}
        onChange={setPin}
      />
      <div className="line-of-buttons">
        <Button variant="ghost" onPress={() => void deviceSession.cancelPairing()}>
          {t('common.cancel')}
        </Button>
        <Button
          type="submit"
          variant="primary"
          size="large"
          className="access-grow"
          isDisabled={user.trim() === '' || pin === '' || wait > 0}
          testId="approve"
        >
          {t('access.wait.button')}
        </Button>
      </div>
    </form>
  )
}
