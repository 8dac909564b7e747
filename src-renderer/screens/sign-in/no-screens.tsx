import { Button } from '../../components/button.tsx'
import { StartPage } from '../../components/start-page.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import type { Me } from '../../state/access.ts'
import type { ApiClient } from '../../state/api-client.ts'
import { useSignOut } from '../account/sign-out.ts'

/** Signed in, but the role has no part in the management. */
export function NoScreens({ api, me }: { api: ApiClient; me: Me }) {
  const { t } = useI18n()
  const signOut = useSignOut(api)
  return (
    <StartPage title={t('signIn.noScreens.title')}>
      <p>{t('signIn.noScreens.body', { name: me.user?.name ?? me.name })}</p>
      <Button variant="primary" isBusy={signOut.isPending} onPress={() => signOut.mutate()}>
        {t('account.signOut')}
      </Button>
    </StartPage>
  )
}
