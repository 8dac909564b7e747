import type { Connection } from '../../src-shared/ipc.ts'
import type { ServerState } from '../server-host.ts'

/** What the console learns of the server's state. */
export function toConnection(state: ServerState, token: string): Connection {
  switch (state.kind) {
    case 'ready':
      return { state: 'ready', baseUrl: state.address.url, token }
    case 'failed': {
      const { code, message, hint } = state.failure
      return { state: 'failed', baseUrl: null, token, error: { code, message, ...(hint && { hint }) } }
    }
    case 'restarting':
      return { state: 'restarting', baseUrl: null, token, error: { code: 'internal', message: state.message } }
    default:
      return { state: state.kind, baseUrl: null, token }
  }
}
