import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useConsole } from './console-state.tsx'
import { type LiveChange, type LiveState, openLiveSocket } from './live-socket.ts'
import { KEYS } from './queries.ts'

/** A busy evening brings many events a second; what is shown follows at this pace. */
const REFRESH_EVERY_MS = 1_200
const CHANGED_BY_WRITES = [KEYS.tables, KEYS.rows, KEYS.status, KEYS.sequences, KEYS.preview]

const clientId = `console-${crypto.randomUUID?.() ?? Math.random().toString(36).slice(2)}`

/** Keeps everything that is shown fresh, and says how the connection is. */
export function useLive(language: string): LiveState {
  const { api, branch, moduleId } = useConsole()
  const { branchId } = branch
  const client = useQueryClient()
  const [state, setState] = useState<LiveState>('connecting')

  useEffect(() => {
    let timer: number | undefined
    let isAllStale = false
    function refresh(): void {
      timer = undefined
      const stale = isAllStale ? [undefined] : CHANGED_BY_WRITES
      isAllStale = false
      for (const queryKey of stale) void client.invalidateQueries(queryKey ? { queryKey } : {})
    }
    function onChange(change: LiveChange): void {
      isAllStale ||= change.kind === 'all'
      timer ??= window.setTimeout(refresh, REFRESH_EVERY_MS)
    }
    function onState(next: LiveState): void {
      setState(next)
      // The number of open connections includes this one.
      if (next === 'connected') void client.invalidateQueries({ queryKey: KEYS.status })
    }
    const { address } = api
    const close = openLiveSocket({ address, branchId, moduleId, clientId, language, onState, onChange })
    return () => {
      close()
      window.clearTimeout(timer)
    }
  }, [api, branchId, moduleId, language, client])

  return state
}
