import { expect, test } from 'vitest'
import type { JsonObject } from '../../../src-shared/json.ts'
import { checkModule, codeOf, command, DECLARED, openShop, type TestStore } from '../test-support.ts'
import type { WriteCommand, WriteResult } from '../types.ts'

function request(clientId: string, requestId: string, sent: WriteCommand): WriteCommand {
  return { ...sent, caller: { ...DECLARED, clientId }, requestId }
}

const send = (shop: TestStore, sent: WriteCommand): Promise<WriteResult> => shop.module().writeAsync(sent)

test('[I1] [I4] the same request gets its first answer: at once, later, after changes and after a restart', async () => {
  const shop = await openShop()
  const requests = [
    request('c', 'r1', command('insert', 'ticket', { note: 'a' })),
    request('c', 'r2', command('merge', 'settings', { open: true })),
    request('c', 'r3', command('save', 'settings', { open: true })),
    request('c', 'r4', {
      operations: ['x', 'y'].map((id) => ({ action: 'insert', table: 'item', record: { id } })),
      caller: DECLARED,
      source: 'rest-batch',
    }),
    request('c', 'r5', command('insert', 'staff', { id: 's', pin: '1234', name: 'Mona' })),
  ]
  const first = await Promise.all(requests.flatMap((sent) => [send(shop, sent), send(shop, sent)]).map(settled))
  const answers = first.filter((_, index) => index % 2 === 0)
  expect(answers.map(codeOfAnswer)).toEqual(['none', 'record-not-found', 'none', 'none', 'none'])
  expect(first.filter((_, index) => index % 2 === 1)).toEqual(answers.map(asReplay))

  const ticket = (answers[0] as WriteResult).results[0]!
  await shop.write('merge', 'ticket', { id: ticket.recordRef.key, version: 1, note: 'b' })
  await shop.write('delete', 'item', { id: 'x' })
  for (let restart = 0; restart < 2; restart++) {
    const head = shop.module().head()
    // The refused one was not remembered: now the object is there, and it is carried out.
    const again = await Promise.all(requests.filter((_, index) => index !== 1).map((sent) => settled(send(shop, sent))))
    expect(again).toEqual(answers.filter((_, index) => index !== 1).map(asReplay))
    expect(shop.module().head()).toEqual(head)
    await shop.reopen()
  }
  expect((await send(shop, requests[1]!)).isReplay).toBe(false)
  expect(JSON.stringify(await send(shop, requests[4]!))).not.toContain('1234')
  checkModule(shop.context(), shop.module())
})

test('[I1] another body, action or table under the same id is refused; another client or no client is another request', async () => {
  const shop = await openShop()
  await send(shop, request('c', 'r', command('insert', 'item', { id: 'a', name: 'A' })))
  const codes = await Promise.all(
    [
      request('c', 'r', command('insert', 'item', { id: 'a', name: 'B' })),
      request('c', 'r', command('save', 'item', { id: 'a', name: 'A' })),
      request('c', 'r', command('insert', 'staff', { id: 'a', name: 'A' })),
      request('d', 'r', command('insert', 'item', { id: 'd' })),
      request('C', 'r', command('insert', 'item', { id: 'C' })),
      { ...command('insert', 'item', { id: 'n' }), requestId: 'r' },
      { ...command('insert', 'item', { id: 'm' }), requestId: 'r' },
    ].map((sent) => codeOf(send(shop, sent))),
  )
  expect(codes).toEqual([...new Array(3).fill('idempotency-key-reused'), 'none', 'none', 'none', 'none'])
  expect(shop.module().count('item')).toBe(5)
})

test('[I1] an answer whose event has left the log is given from the record, with its version then', async () => {
  const shop = await openShop()
  const sent = request('c', 'r', command('insert', 'item', { id: 'a', name: 'first' }))
  const gone = request('c', 'g', command('insert', 'item', { id: 'b' }))
  const first = await send(shop, sent)
  await send(shop, gone)
  await shop.write('merge', 'item', { id: 'a', name: 'second' })
  await shop.write('delete', 'item', { id: 'b' })
  shop.context().state.events.trim(2)
  const [again, absent] = [await send(shop, sent), await send(shop, gone)]
  expect(again).toMatchObject({ isReplay: true, seq: first.seq, results: [{ outcome: 'created', version: 1 }] })
  expect(again.results[0]!.event).toBeUndefined()
  expect(JSON.parse(again.results[0]!.recordText)).toMatchObject({ name: 'second' })
  expect(absent.results[0]).toMatchObject({ outcome: 'created', recordRef: { key: 'b' }, recordText: '{}' })
})

test('[I1] a request that was refused may be sent again and is carried out', async () => {
  const shop = await openShop()
  const sent = request('c', 'r', command('merge', 'item', { id: 'a', name: 'A' }))
  expect(await codeOf(send(shop, sent))).toBe('record-not-found')
  await shop.write('insert', 'item', { id: 'a' })
  expect(await send(shop, sent)).toMatchObject({ isReplay: false, results: [{ version: 2 }] })
  expect(await send(shop, sent)).toMatchObject({ isReplay: true, results: [{ version: 2 }] })
})

function settled(promise: Promise<WriteResult>): Promise<WriteResult | { code: string }> {
  return promise.catch((error: { code: string }) => ({ code: error.code }))
}

function codeOfAnswer(answer: WriteResult | { code: string }): string {
  return 'code' in answer ? answer.code : 'none'
}

/** The first answer as it comes again; a document number or a time in it is the first one. */
function asReplay(answer: WriteResult | { code: string }): WriteResult | { code: string } {
  if ('code' in answer) return answer
  const results = answer.results.map(({ recordBytes: _, ...result }) => ({
    ...result,
    recordText: plain(result.recordText),
  }))
  return { ...answer, results, isReplay: true }
}

function plain(text: string): string {
  return JSON.stringify(JSON.parse(text) as JsonObject)
}
