import { expect, test } from 'vitest'
import { Backoff, LONGEST_WAIT_MS, SHORTEST_WAIT_MS } from './backoff.ts'
import { type ConnectionInput, type ConnectionState, statusOf, TRANSITIONS } from './states.ts'

const steps = Object.entries(TRANSITIONS).flatMap(([from, inputs]) =>
  Object.entries(inputs).map(([input, step]) => ({
    from: from as ConnectionState,
    input: input as ConnectionInput,
    ...step,
  })),
)

test('close ends in closed from every state, and what was open is given up', () => {
  for (const { from, to, effects } of steps.filter(({ input }) => input === 'close')) {
    expect(to).toBe('closed')
    const hasSocket = from === 'connecting' || from === 'open' || from === 'ready'
    expect(effects.includes('drop-socket')).toBe(hasSocket)
    expect(effects.includes('end-wait')).toBe(from === 'waiting')
  }
})

test('a socket is opened exactly when connecting begins, and dropped exactly when it is left for anything but open', () => {
  for (const { from, to, effects } of steps) {
    expect(effects.includes('open-socket')).toBe(to === 'connecting' && from !== 'connecting')
    expect(effects.includes('start-wait')).toBe(to === 'waiting' && from !== 'waiting')
    expect(effects.includes('say-hello')).toBe(to === 'open' && from !== 'open')
    expect(effects.includes('reset-backoff')).toBe(to === 'ready' && from !== 'ready')
  }
})

test('a state that stays has no effects', () => {
  for (const { from, to, effects } of steps) if (from === to) expect(effects).toEqual([])
})

test('every state can be reached, and the statuses are those of the specification', () => {
  const reached = new Set<ConnectionState>(['idle'])
  for (let pass = 0; pass < 6; pass++) for (const { from, to } of steps) if (reached.has(from)) reached.add(to)
  expect([...reached].sort()).toEqual(Object.keys(TRANSITIONS).sort())
  const statuses = new Set([...reached].map(statusOf))
  expect([...statuses].sort()).toEqual(['closed', 'connecting', 'idle', 'open', 'ready'])
})

test('waits grow from 1 s to at most 15 s, differ by chance, and begin anew after a success', () => {
  const early = new Backoff(() => 0)
  const late = new Backoff(() => 0.999_999)
  const waits = Array.from({ length: 10 }, () => late.nextMs())
  expect(Array.from({ length: 10 }, () => early.nextMs())).toEqual(Array.from({ length: 10 }, () => SHORTEST_WAIT_MS))
  expect(waits).toEqual([...waits].sort((one, other) => one - other))
  expect(waits[0]).toBe(2_000)
  expect(waits.at(-1)).toBe(LONGEST_WAIT_MS)
  late.reset()
  expect(late.nextMs()).toBe(2_000)
})
