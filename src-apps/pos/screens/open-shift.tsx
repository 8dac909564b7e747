import { useState } from 'react'
import { LockButton } from '../../shared/access/lock-button.tsx'
import { Money, useBranch, useMay, useMoney, useSettings } from '../../shared/branch.tsx'
import { LinkBadge, SettingsButton, useLink } from '../../shared/chrome.tsx'
import { Button } from '../../shared/controls.tsx'
import { useTable } from '../../shared/hooks.ts'
import { useLocale } from '../../shared/i18n.tsx'
import { Mark } from '../../shared/icons.tsx'
import type { Employees } from '../../shared/pos-tables.ts'
import { QueueBadge } from '../../shared/queue-badge.tsx'
import { newId } from '../../shared/sdk.ts'
import { openShiftWrite } from '../model/shift.ts'
import { AmountPad, useTypedAmount } from '../parts/amount.tsx'
import { personName, terminalName } from '../state/names.ts'
import { useTexts } from '../texts.ts'

/** Who takes money; the others have no till. */
const AT_THE_TILL = ['cashier', 'supervisor', 'manager', 'waiter']

/** The first page of the day: which till, who, and how much is in the drawer. */
export function OpenShift({
  terminalId,
  onOpen,
}: {
  terminalId: string | undefined
  onOpen(terminalId: string): void
}) {
  const t = useTexts()
  const { textOf } = useLocale()
  const { store } = useBranch()
  const { currency, read } = useMoney()
  const { restaurant_name } = useSettings()
  const settings = useTable(store, 'shift_settings')[0]
  const terminals = useTable(store, 'pos_terminals').filter(({ status }) => status !== 'inactive')
  const shifts = useTable(store, 'pos_shift')
  const people = usePeople()
  const canOpen = useMay()('insert', 'pos_shift')
  const [chosenTerminal, setTerminal] = useState(terminalId ?? terminals[0]?.id)
  const [cashierId, setCashier] = useState<string>()
  const float = useTypedAmount(read(settings?.opening_float), currency.decimals)
  const terminal = terminals.find(({ id }) => id === chosenTerminal)
  const running = shifts.find(({ posId, isClosed }) => posId === chosenTerminal && isClosed !== true)
  const runner = people.find(({ id }) => id === running?.cashierId)
  const nameOfCashier = personName(runner, textOf) || (running?.cashierName ?? '')
  const cashier = people.find(({ id }) => id === cashierId)

  async function open(): Promise<void> {
    if (!terminal || !cashier) return
    const at = new Date().toISOString()
    const input = { id: newId('pos_shift'), terminal, cashier, openingFloat: float.amount, at }
    const write = store.batch([openShiftWrite(input, currency.decimals)])
    write.catch(() => undefined)
    await write.queued
    onOpen(terminal.id)
  }

  return (
    <div className="opening">
      <header className="opening-head">
        <Mark size={34} />
        <strong>{textOf(restaurant_name)}</strong>
        <span className="grow" />
        <QueueBadge />
        <LinkBadge link={useLink(store)} />
        <LockButton />
        <SettingsButton />
      </header>
      <main className="opening-page" data-screen="open-shift">
        <div className="opening-words">
          <h1>{t('shift.open.title')}</h1>
          <p className="soft">{t('shift.open.body')}</p>
        </div>
        <section className="opening-part">
          <h2>{t('shift.terminal')}</h2>
          <div className="opening-choices">
            {terminals.map((one) => (
              <button
                key={one.id}
                type="button"
                className="person"
                aria-pressed={one.id === chosenTerminal}
                data-terminal={one.id}
                onClick={() => setTerminal(one.id)}
              >
                <span className="person-mark">{one.number}</span>
                <span className="person-words">
                  <bdi>{terminalName(one, textOf)}</bdi>
                  <bdi className="soft code">{one.code}</bdi>
                </span>
              </button>
            ))}
          </div>
        </section>
        {running ? (
          <section className="opening-part opening-last">
            <p className="note note-ok">{t('shift.joins', { name: nameOfCashier })}</p>
            <Button variant="primary" size="large" onPress={() => onOpen(running.posId ?? '')}>
              {t('shift.join.button')}
            </Button>
          </section>
        ) : canOpen ? (
          <>
            <section className="opening-part">
              <h2>{t('shift.cashier')}</h2>
              <div className="opening-choices">
                {people.map((one) => (
                  <button
                    key={one.id}
                    type="button"
                    className="person"
                    aria-pressed={one.id === cashierId}
                    data-cashier={one.id}
                    onClick={() => setCashier(one.id)}
                  >
                    <span className="person-mark" aria-hidden="true">
                      {initialsOf(personName(one, textOf))}
                    </span>
                    <span className="person-words">
                      <bdi>{personName(one, textOf)}</bdi>
                    </span>
                  </button>
                ))}
              </div>
            </section>
            <section className="opening-part opening-last">
              <AmountPad label={t('shift.float')} value={float} />
              <Button
                variant="primary"
                size="large"
                isDisabled={!terminal || !cashier}
                onPress={() => void open()}
                testId="open-shift"
              >
                {t('shift.open.button')} · <Money amount={float.amount} />
              </Button>
            </section>
          </>
        ) : (
          <section className="opening-part opening-last">
            <p className="note note-warn" role="status" data-refused="pos_shift">
              {t('role.noShift')}
            </p>
          </section>
        )}
      </main>
    </div>
  )
}

function usePeople(): Employees[] {
  const people = useTable(useBranch().store, 'employees')
  const rank = ({ role }: Employees) => AT_THE_TILL.indexOf(role ?? '')
  return people
    .filter((one) => (one.status ?? 'active') === 'active' && rank(one) >= 0)
    .sort((a, b) => rank(a) - rank(b))
}

/** The first letters of the first two words. */
function initialsOf(name: string): string {
  return name
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => word[0] ?? '')
    .join(' ')
}
