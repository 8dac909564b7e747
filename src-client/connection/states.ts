/**
 * Where a connection stands.
 *
 * ```
 *  idle ──connect──► connecting ──opened──► open ──welcomed──► ready
 *                     ▲   │                  │                   │
 *              retry, │   └──────lost────────┴───────lost────────┤
 *             connect │                                          ▼
 *                     └────────────────────────────────────── waiting          any ──close──► closed ──connect──►
 * ```
 */
export type ConnectionState = 'idle' | 'connecting' | 'open' | 'ready' | 'waiting' | 'closed'

/**
 * connect: the application or a network that came back; opened: the socket is open; welcomed: `server:ready`; lost: the
 * socket ended or is silent; retry: the wait is over; close: the application.
 */
export type ConnectionInput = 'connect' | 'opened' | 'welcomed' | 'lost' | 'retry' | 'close'

export type ConnectionEffect = 'open-socket' | 'say-hello' | 'drop-socket' | 'start-wait' | 'end-wait' | 'reset-backoff'

export interface ConnectionStep {
  to: ConnectionState
  effects: readonly ConnectionEffect[]
}

/** What the specification calls these states. */
export type StoreStatus = 'idle' | 'connecting' | 'open' | 'ready' | 'closed'

const stay = (to: ConnectionState): ConnectionStep => ({ to, effects: [] })
const open: ConnectionStep = { to: 'connecting', effects: ['open-socket'] }
const wait: ConnectionStep = { to: 'waiting', effects: ['drop-socket', 'start-wait'] }
const end: ConnectionStep = { to: 'closed', effects: ['drop-socket'] }
const openEarly: ConnectionStep = { to: 'connecting', effects: ['end-wait', 'open-socket'] }

type Answers = Readonly<Record<ConnectionInput, ConnectionStep>>

/** What a state answers to the inputs that change nothing in it. */
function staying(state: ConnectionState): Answers {
  const step = stay(state)
  return { connect: step, opened: step, welcomed: step, lost: step, retry: step, close: step }
}

/** Every state answers every input. */
export const TRANSITIONS: Readonly<Record<ConnectionState, Answers>> = {
  idle: { ...staying('idle'), connect: open, close: stay('closed') },
  connecting: { ...staying('connecting'), opened: { to: 'open', effects: ['say-hello'] }, lost: wait, close: end },
  open: { ...staying('open'), welcomed: { to: 'ready', effects: ['reset-backoff'] }, lost: wait, close: end },
  ready: { ...staying('ready'), lost: wait, close: end },
  waiting: {
    ...staying('waiting'),
    connect: openEarly,
    retry: openEarly,
    close: { to: 'closed', effects: ['end-wait'] },
  },
  closed: { ...staying('closed'), connect: open },
}

const STATUSES: Readonly<Record<ConnectionState, StoreStatus>> = {
  idle: 'idle',
  connecting: 'connecting',
  open: 'open',
  ready: 'ready',
  waiting: 'closed',
  closed: 'closed',
}

export function statusOf(state: ConnectionState): StoreStatus {
  return STATUSES[state]
}
