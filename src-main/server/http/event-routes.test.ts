import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Question, runRows, startTestServer, type TestServer } from './testing.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

test('events are stored one by one or all together, on top of the last one seen', async () => {
  const own = await startTestServer()
  try {
    const event = (id: string, more: object = {}): object => ({ table: 'reservations', record: { id }, ...more })
    const post = (body: object): Question => ({ method: 'POST', path: 'events', body })
    const batch = (body: object): Question => ({ method: 'POST', path: 'events/batch', body })
    await runRows(own, [
      [
        'one event',
        post(event('R1', { eventId: 'evt-mine', meta: { by: 'me' } })),
        200,
        {
          ack: { eventId: 'evt-mine', meta: { clientMeta: { by: 'me' }, source: 'rest' } },
          event: { type: 'server:event', entry: { record: { id: 'R1' } } },
          logEntry: { id: 'evt-mine', table: 'reservations', record: { id: 'R1' } },
          recordRef: { key: 'R1' },
          record: { id: 'R1' },
          removed: null,
        },
        1,
      ],
      ['update is merge', post(event('R1', { action: 'module:update' })), 200, { ack: { action: 'module:merge' } }, 1],
      ['a delete', post(event('R1', { action: 'module:delete' })), 200, { record: null, removed: { id: 'R1' } }, 1],
      [
        'an unknown action',
        post(event('R2', { action: 'module:reset' })),
        400,
        { error: 'unsupported-event-action' },
        0,
      ],
      ['no table', post({ record: {} }), 400, { error: 'missing-table-name' }, 0],
      ['no record', post({ table: 'reservations' }), 400, { error: 'missing-record' }, 0],
      ['a batch without an anchor', batch({ events: [] }), 400, { error: 'missing-last-ack-id' }, 0],
      [
        'a batch on another event',
        batch({ lastAckId: 'evt-mine', events: [event('R3')] }),
        409,
        { error: 'last-ack-mismatch', received: 'evt-mine' },
        0,
      ],
    ])
    const { lastEventId } = (await own.get('events')).body.eventLog as { lastEventId: string }
    await runRows(own, [
      [
        'a batch with a bad event',
        batch({ lastAckId: lastEventId, events: [event('R3'), { table: 'reservations' }] }),
        400,
        { error: 'invalid-event-payload', index: 1 },
        0,
      ],
      [
        'a batch that breaks in the store',
        batch({ lastAckId: lastEventId, events: [event('R3'), { table: 'nope', record: {} }] }),
        404,
        { error: 'table-not-found' },
        0,
      ],
      [
        'a batch',
        batch({ lastAckId: lastEventId, events: [event('R3'), event('R4')] }),
        200,
        { ingested: 2, sequences: [{ table: 'reservations' }, { table: 'reservations' }] },
        2,
      ],
    ])
    const { body } = await own.get('events?limit=2')
    expect(body).toMatchObject({ version: 6, events: [{ sequence: 5, group: { index: 0, size: 2 } }, { sequence: 6 }] })
    expect((await own.get('events?after=0&limit=2')).body).toMatchObject({
      next: 2,
      events: [{ sequence: 1 }, { sequence: 2 }],
    })
    expect((await own.get('events/evt-mine')).body).toMatchObject({
      event: { eventId: 'evt-mine' },
      logEntry: { id: 'evt-mine' },
    })
    expect((await own.get('events/none')).body).toMatchObject({ error: 'event-not-found' })
  } finally {
    await own.close()
  }
})
