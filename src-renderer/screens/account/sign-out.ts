import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { ApiClient } from '../../state/api-client.ts'

/** Ends this session. Nothing of it stays in memory for the next person at this screen. */
export function useSignOut(api: ApiClient) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => api.send('POST', '/api/auth/logout'),
    onSuccess: () => client.resetQueries(),
  })
}
