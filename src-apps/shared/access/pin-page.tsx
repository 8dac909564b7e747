import { type FormEvent, useEffect, useState } from 'react'
import { SettingsButton } from '../chrome.tsx'
import { Button } from '../controls.tsx'
import { BackIcon, BusyIcon, Mark } from '../icons.tsx'
import { type PairedDevice, type PersonChoice, StoreError } from '../sdk.ts'
import { useSharedTexts } from '../texts.ts'
import { deviceSession } from './device.ts'
import { DigitPad } from './digit-pad.tsx'
import { Problem, useWait } from './problem.tsx'

const RETRY_MS = 3_000
const LOOK_AGAIN_MS = 10_000
const MIN_PIN = 4
const MAX_PIN = 8
const BUILT_IN = ['admin', 'manager', 'cashier', 'kitchen', 'waiter', 'display', 'integration'] as const

/** Who stands at a paired device: chosen from a list, proven by a PIN. */
export function PinPage({ device }: { device: PairedDevice }) {
  const t = useSharedTexts()
  const people = usePeople()
  // Roles of the branch's own are called by their id.
  const roleName = (role: string) => {
    const known = BUILT_IN.find((one) => one === role)
    return known ? t(`access.role.${known}`) : role
  }
  const [chosen, choose] = useState<PersonChoice>()
  return (
    <main className="access" data-access="pin">
      <header className="access-head">
        <Mark size={40} />
        <bdi className="soft">{device.name}</bdi>
        <SettingsButton />
      </header>
      {chosen ? (
        <PinCard person={chosen} onBack={() => choose(undefined)} />
      ) : (
        <section className="access-card access-wide">
          <h1>{t('access.pin.title')}</h1>
          {people === undefined && (
            <p className="start-wait">
              <BusyIcon className="turning" /> {t('start.loading')}
            </p>
          )}
          {people === 'away' && (
            <p className="note note-warn" role="status" data-people="away">
              {t('access.pin.away')}
            </p>
          )}
          {Array.isArray(people) && people.length === 0 && <p className="note">{t('access.pin.none')}</p>}
          {Array.isArray(people) && people.length > 0 && (
            <ul className="access-people">
              {people.map((person) => (
                <li key={person.id}>
                  <button
                    type="button"
                    className="access-person"
                    data-user={person.user}
                    onClick={() => choose(person)}
                  >
                    <bdi>{person.name}</bdi>
                    <bdi className="soft">{roleName(person.role)}</bdi>
                  </button>
                </li>
              ))}
            </ul>
          )}
        </section>
      )}
    </main>
  )
}

function PinCard({ person, onBack }: { person: PersonChoice; onBack(): void }) {
  const t = useSharedTexts()
  const [pin, setPin] = useState('')
  const [problem, setProblem] = useState<unknown>()
  const [isBusy, setBusy] = useState(false)
  const wait = useWait(problem)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (pin.length < MIN_PIN || isBusy || wait > 0) return
    setBusy(true)
    setProblem(undefined)
    // The gate shows the app as soon as the session knows who it is.
    deviceSession
      .signIn({ user: person.user, pin })
      .catch((error: unknown) => {
        setPin('')
        setProblem(error)
      })
      .finally(() => setBusy(false))
  }
  return (
    <form className="access-card" onSubmit={submit}>
      <h1>
        <bdi>{person.name}</bdi>
      </h1>
      <Problem problem={problem} wait={wait} />
      <DigitPad
        label={t('access.wait.pin')}
        value={pin}
        maxLength={MAX_PIN}
        isSecret
        takesFocus
        isDisabled={wait > 0}
        onChange={setPin}
      />
      <div className="line-of-buttons">
        <Button variant="ghost" icon={<BackIcon />} onPress={onBack}>
          {t('access.pin.back')}
        </Button>
        <Button
          type="submit"
          variant="primary"
          size="large"
          className="access-grow"
          isDisabled={pin.length < MIN_PIN || isBusy || wait > 0}
          testId="sign-in"
        >
          {t('access.pin.button')}
        </Button>
      </div>
    </form>
  )
}

/** Asked again and again: somebody may get a PIN, and a device that was taken out of use has no socket to hear it by. */
function usePeople(): PersonChoice[] | 'away' | undefined {
  const [people, setPeople] = useState<PersonChoice[] | 'away'>()
  useEffect(() => {
    let isOver = false
    let timer = 0
    const ask = async () => {
      try {
        const found = await deviceSession.listPeople()
        if (isOver) return
        setPeople(found)
        timer = window.setTimeout(() => void ask(), LOOK_AGAIN_MS)
      } catch (error) {
        if (isOver) return
        if (!(error instanceof StoreError) || error.code === 'offline') setPeople('away')
        timer = window.setTimeout(() => void ask(), RETRY_MS)
      }
    }
    void ask()
    return () => {
      isOver = true
      window.clearTimeout(timer)
    }
  }, [])
  return people
}
