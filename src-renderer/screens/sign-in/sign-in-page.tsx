import { type UseMutationResult, useMutation, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { Form } from 'react-aria-components'
import { Button } from '../../components/button.tsx'
import { ErrorNote } from '../../components/error-state.tsx'
import { TextField } from '../../components/fields.tsx'
import { KeyIcon } from '../../components/icons.tsx'
import { StartPage } from '../../components/start-page.tsx'
import { SignInError, useLockEnd, useSecondsUntil } from '../../components/wait.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { type ApiClient, createApiClient } from '../../state/api-client.ts'
import { ApiError } from '../../state/api-error.ts'
import { recoveryKit } from '../../state/recovery-kit.ts'
import { LanguageChoice } from './language-choice.tsx'
import { enter } from './sign-in.ts'

interface SignInProps {
  api: ApiClient
  /** Where managers may sign in at a provider. */
  oidc?: { label: string }
}

/** In the place of the whole console while nobody is signed in. */
export function SignInPage({ api, oidc }: SignInProps) {
  const { t } = useI18n()
  const [isRecovering, setRecovering] = useState(false)
  return (
    <StartPage title={t(isRecovering ? 'signIn.recover.title' : 'signIn.title')}>
      <p className="soft">{t(isRecovering ? 'signIn.recover.body' : 'signIn.body')}</p>
      {isRecovering ? <RecoverForm api={api} /> : <PasswordForm api={api} />}
      {oidc && !isRecovering && <ProviderLink label={oidc.label} api={api} />}
      <Button variant="ghost" onPress={() => setRecovering(!isRecovering)}>
        {t(isRecovering ? 'signIn.recover.back' : 'signIn.recover')}
      </Button>
      <LanguageChoice />
    </StartPage>
  )
}

function PasswordForm({ api }: { api: ApiClient }) {
  const { t } = useI18n()
  const [user, setUser] = useState('')
  const [password, setPassword] = useState('')
  const signIn = useEnter(() => enter(api, user.trim(), password))
  return (
    <SignInForm signIn={signIn} isReady={user.trim() !== '' && password !== ''} action={t('signIn.button')}>
      <TextField label={t('signIn.user')} value={user} onChange={setUser} fills="username" autoFocus />
      <TextField label={t('signIn.password')} value={password} onChange={setPassword} secret="current" isCode />
    </SignInForm>
  )
}

interface Recovered {
  user: { user: string }
  recoveryCode: string
  accessToken: string
}

/** The kit's code gives an administrator a new password; the old code is used up, and the next one has to be printed. */
function RecoverForm({ api }: { api: ApiClient }) {
  const { t } = useI18n()
  const [user, setUser] = useState('')
  const [code, setCode] = useState('')
  const [password, setPassword] = useState('')
  const recover = useEnter(async () => {
    const body = { recoveryCode: code.trim(), password, ...(user.trim() !== '' && { user: user.trim() }) }
    const answer = await api.send<Recovered>('POST', '/api/auth/recover', body)
    // The old code is gone: the new one is shown before anything else can fail.
    recoveryKit.set({ user: answer.user.user, recoveryCode: answer.recoveryCode })
    // The cookie takes the place of the tokens of this answer: nobody keeps them.
    await createApiClient({ ...api.address, token: answer.accessToken }).send('POST', '/api/auth/logout')
    await enter(api, answer.user.user, password)
  })
  return (
    <SignInForm signIn={recover} isReady={code.trim() !== '' && password !== ''} action={t('signIn.recover.button')}>
      <TextField label={t('signIn.recover.code')} value={code} onChange={setCode} isCode autoFocus />
      <TextField
        label={t('signIn.recover.user')}
        value={user}
        onChange={setUser}
        hint={t('signIn.recover.user.hint')}
        fills="username"
      />
      <TextField
        label={t('signIn.newPassword')}
        value={password}
        onChange={setPassword}
        secret="new"
        isCode
        hint={t('password.hint')}
      />
    </SignInForm>
  )
}

type Entering = UseMutationResult<void, Error, void>

/** Whatever was shown before, if anything, was shown to somebody else. */
function useEnter(work: () => Promise<void>): Entering {
  const client = useQueryClient()
  return useMutation<void, Error, void>({ mutationFn: work, onSuccess: () => client.resetQueries() })
}

interface FormProps {
  signIn: Entering
  isReady: boolean
  action: string
  children: ReactNode
}

function SignInForm({ signIn, isReady, action, children }: FormProps) {
  const [failedAt, setFailedAt] = useState(0)
  const secondsLeft = useSecondsUntil(useLockEnd(signIn.error, failedAt))
  return (
    <Form
      className="form sign-in-form"
      onSubmit={(event) => {
        event.preventDefault()
        if (isReady && !signIn.isPending && secondsLeft === 0) {
          signIn.mutate(undefined, { onError: () => setFailedAt(Date.now()) })
        }
      }}
    >
      {children}
      {signIn.error && <SignInError error={signIn.error} secondsLeft={secondsLeft} />}
      <Button type="submit" variant="primary" isBusy={signIn.isPending} isDisabled={!isReady || secondsLeft > 0}>
        {action}
      </Button>
    </Form>
  )
}

/** The provider sends the browser back here, with a code when it did not work. */
function ProviderLink({ label, api }: { label: string; api: ApiClient }) {
  const { t } = useI18n()
  const failed = new URLSearchParams(window.location.search).get('signInError')
  return (
    <>
      <a
        className="button button-plain"
        href={`${api.address.baseUrl}/api/auth/oidc/start?returnTo=${encodeURIComponent(window.location.pathname)}`}
      >
        <KeyIcon size={18} />
        <span className="button-text">{t('signIn.provider', { label })}</span>
      </a>
      {failed !== null && <ErrorNote error={new ApiError(failed as ApiError['code'], failed)} />}
    </>
  )
}
