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

/** Every state answers every input: a missing case does not compile. */
export const TRANSITIONS: Readonly<Record<ConnectionState, Readonly<Record<ConnectionInput, ConnectionStep>>>> = {
  idle: {
    connect: open,
    opened: stay('idle'),
    welcomed: stay('idle'),
    lost: stay('idle'),
    retry: stay('idle'),
    close: stay('closed'),
  },
  connecting: {
    connect: stay('connecting'),
    opened: { to: 'open', effects: ['say-hello'] },
    welcomed: stay('connecting'),
    lost: wait,
    retry: stay('connecting'),
    close: end,
  },
  open: {
    connect: stay('open'),
    opened: stay('open'),
    welcomed: { to: 'ready', effects: ['reset-backoff'] },
    lost: wait,
    retry: stay('open'),
    close: end,
  },
  ready: {
    connect: stay('ready'),
    opened: stay('ready'),
    welcomed: stay('ready'),
    lost: wait,
    retry: stay('ready'),
    close: end,
  },
  waiting: {
    connect: { to: 'connecting', effects: ['end-wait', 'open-socket'] },
    opened: stay('waiting'),
    welcomed: stay('waiting'),
    lost: stay('waiting'),
    retry: { to: 'connecting', effects: ['end-wait', 'open-socket'] },
    close: { to: 'closed', effects: ['end-wait'] },
  },
  closed: {
    connect: open,
    opened: stay('closed'),
    welcomed: stay('closed'),
    lost: stay('closed'),
    retry: stay('closed'),
    close: stay('closed'),
  },
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
