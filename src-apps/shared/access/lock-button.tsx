import { useState } from 'react'
import { useBranch } from '../branch.tsx'
import { Button, Dialog, IconButton } from '../controls.tsx'
import { useQueue, useStatus } from '../hooks.ts'
import { LockIcon } from '../icons.tsx'
import { useSharedTexts } from '../texts.ts'
import { useAccess } from './access.ts'
import { deviceSession } from './device.ts'

/**
 * Ends the person's session, so that the next one can sign in. Not while the server is away: nobody could come back in.
 * While writes wait it asks first, since they will be sent in the name of whoever signs in next.
 */
export function LockButton() {
  const t = useSharedTexts()
  const { person } = useAccess()
  const { store } = useBranch()
  const isAway = useStatus(store) !== 'ready'
  const { pending } = useQueue(store)
  const [isAsking, setAsking] = useState(false)
  if (!person) return null
  const mustAsk = isAway || pending.length > 0
  const leave = () => void deviceSession.signOut()
  return (
    <>
      <span data-testid="lock">
        <IconButton
          label={t('access.lock', { name: person.name })}
          icon={<LockIcon />}
          onPress={() => (mustAsk ? setAsking(true) : leave())}
        />
      </span>
      {isAsking && (
        <Dialog
          title={t('access.lock.title')}
          name="lock"
          onClose={() => setAsking(false)}
          footer={
            <>
              <Button onPress={() => setAsking(false)}>{t('common.cancel')}</Button>
              {!isAway && (
                <Button variant="danger" onPress={leave}>
                  {t('access.lock.sure')}
                </Button>
              )}
            </>
          }
        >
          <p>{isAway ? t('access.lock.away') : t('access.lock.pending', { count: pending.length })}</p>
        </Dialog>
      )}
    </>
  )
}
