import { expect, test } from 'vitest'
import { settle, TestDevice } from '../testing/index.ts'
import { createStore } from './create-store.ts'

test('what the server says beside data reaches the listeners, until they are taken off', async () => {
  const device = new TestDevice()
  const store = createStore({ branchId: 'dar', platform: device.platform })
  const heard: string[] = []
  const onLog = ({ message }: { message: string }) => heard.push(`log ${message}`)
  store.on('log', onLog)
  store.on('hello', ({ serverId }) => heard.push(`hello ${serverId}`))
  store.on('directive', ({ directive }) => heard.push(`directive ${directive}`))
  const stop = store.on('history', ({ events }) => heard.push(`history ${events.length}`))
  store.connect().catch(() => undefined)
  await settle()
  const { socket } = device
  socket.accept()
  await settle()
  socket.say({ type: 'server:hello', serverId: 'server-1' })
  socket.welcome()
  socket.say({ type: 'server:log', level: 'error', message: 'refused', context: {}, ts: '', serverId: 'server-1' })
  socket.say({ type: 'server:history', branchId: 'dar', moduleId: 'pos', events: [] })
  socket.say({ type: 'server:directive', directive: 'reload-schema', reason: 'new', branchId: 'dar', moduleId: 'pos' })
  expect(heard.splice(0)).toEqual(['hello server-1', 'log refused', 'history 0', 'directive reload-schema'])

  stop()
  store.off('log', onLog)
  socket.say({ type: 'server:log', level: 'info', message: 'again', context: {}, ts: '', serverId: 'server-1' })
  socket.say({ type: 'server:history', branchId: 'dar', moduleId: 'pos', events: [] })
  // A frame that nobody knows, and one that is no JSON, cost nothing.
  socket.say({ type: 'server:news' })
  const warnings: string[] = []
  store.on('warning', ({ message }) => warnings.push(message))
  socket.onmessage?.call(socket as never, { data: '{' } as never)
  expect([heard, warnings, store.status]).toEqual([[], ['The server sent no JSON.'], 'ready'])
  await store.close()
})
