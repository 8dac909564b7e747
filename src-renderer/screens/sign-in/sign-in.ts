import type { ApiClient } from '../../state/api-client.ts'

/**
 * Signs in with a cookie that scripts cannot read: the page keeps no token.
 *
 * @throws ApiError `sign-in-failed`; `sign-in-locked` with `retryAfterSeconds`.
 */
export async function enter(api: ApiClient, user: string, password: string): Promise<void> {
  await api.send('POST', '/api/auth/login', { user, password, cookie: true })
}
