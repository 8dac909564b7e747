import { useState } from 'react'
import { Button } from '../../components/button.tsx'
import { Card } from '../../components/card.tsx'
import { PlusIcon } from '../../components/icons.tsx'
import { Loaded } from '../../components/loaded.tsx'
import { ScreenHead } from '../../components/screen-head.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import type { Person } from '../../state/access.ts'
import { usePeople, useSessions } from '../../state/access-queries.ts'
import { SessionList } from '../account/session-list.tsx'
import { DisablePerson, RemovePerson, ResetSecret } from './person-dialogs.tsx'
import { AddPerson, EditPerson } from './person-form.tsx'
import { PersonLine } from './person-line.tsx'
import { SetUpFirst, useIsOpen } from './set-up-first.tsx'

export type PersonQuestion = 'edit' | 'secret' | 'disable' | 'remove'
type Asked = { what: PersonQuestion; person: Person } | null

export function PeopleScreen() {
  const { t } = useI18n()
  const isOpen = useIsOpen()
  const people = usePeople()
  const [isAdding, setAdding] = useState(false)
  const [asked, setAsked] = useState<Asked>(null)
  const close = () => setAsked(null)
  const locked = people.data?.filter(({ locks = [] }) => locks.length > 0).length ?? 0
  const count = people.data?.length ?? 0
  return (
    <>
      <ScreenHead
        title={t('people.title')}
        tone={isOpen || locked > 0 ? 'warn' : 'ok'}
        sentence={
          isOpen
            ? t('people.sentence.open')
            : locked > 0
              ? t('people.sentence.locked', { count: locked })
              : t('people.sentence', { count })
        }
        {...(!isOpen && {
          actions: (
            <Button variant="primary" icon={<PlusIcon />} onPress={() => setAdding(true)}>
              {t('people.add')}
            </Button>
          ),
        })}
      />
      {isOpen ? (
        <SetUpFirst title={t('people.open.title')} body={t('people.open.body')} />
      ) : (
        <>
          <Card title={t('people.list')}>
            <Loaded query={people}>
              {(list) => (
                <ul className="lines">
                  {list.map((person) => (
                    <PersonLine key={person.id} person={person} onAsk={(what) => setAsked({ what, person })} />
                  ))}
                </ul>
              )}
            </Loaded>
          </Card>
          <AllSessions />
        </>
      )}
      {isAdding && <AddPerson onClose={() => setAdding(false)} />}
      {asked?.what === 'edit' && <EditPerson person={asked.person} onClose={close} />}
      {asked?.what === 'secret' && <ResetSecret person={asked.person} onClose={close} />}
      {asked?.what === 'disable' && <DisablePerson person={asked.person} onClose={close} />}
      {asked?.what === 'remove' && <RemovePerson person={asked.person} onClose={close} />}
    </>
  )
}

function AllSessions() {
  const { t } = useI18n()
  const sessions = useSessions('all')
  return (
    <Card title={t('people.sessions')} note={t('people.sessions.body')}>
      <Loaded query={sessions}>{(list) => <SessionList sessions={list} whose="all" />}</Loaded>
    </Card>
  )
}
