import asyncApi3 from '@asyncapi/specs/schemas/3.0.0.json' with { type: 'json' }
import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { ERRORS } from '../../../../src-shared/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../../src-shared/json.ts'
import { parseClientFrame } from '../../../../src-shared/protocol/client-frames.ts'
import { buildAsyncApi } from './asyncapi.ts'
import { CLIENT_MESSAGES } from './client-messages.ts'
import { SERVER_MESSAGES } from './server-messages.ts'

const document = buildAsyncApi({ version: '0.0.0-test' })
const { messages, schemas } = document.components as { messages: Record<string, JsonObject>; schemas: JsonObject }
const all = [CLIENT_MESSAGES, SERVER_MESSAGES].flatMap((family) => Object.values(family).flat())

test('the document is AsyncAPI 3, by the JSON Schema of its authors', () => {
  // The schema brings draft 7 along.
  const ajv = new Ajv({ strict: false, validateFormats: false, meta: false, validateSchema: false })
  const isValid = ajv.compile(asyncApi3 as object)
  expect(isValid(document) ? [] : isValid.errors?.slice(0, 5)).toEqual([])
  expect(isValid({ ...document, channels: { socket: { adress: '/ws' } } })).toBe(false)
})

test('every reference leads to something, every message is part of an operation, every name is told once', () => {
  const references: string[] = []
  const look = (value: JsonValue): void => {
    if (Array.isArray(value)) for (const item of value) look(item)
    else if (isJsonObject(value)) {
      if (typeof value.$ref === 'string') references.push(value.$ref)
      for (const item of Object.values(value)) look(item)
    }
  }
  look(document)
  expect(references.filter((pointer) => !resolves(pointer))).toEqual([])
  const used = new Set(references.map((pointer) => pointer.replace('#/channels/socket/messages/', '')))
  const names = all.map(({ name }) => name)
  expect(names.filter((name) => !used.has(name))).toEqual([])
  expect(new Set(names).size).toBe(names.length)
})

function resolves(pointer: string): boolean {
  let value: JsonValue | undefined = document
  for (const name of pointer.replace('#/', '').split('/')) value = isJsonObject(value!) ? value[name] : undefined
  return isJsonObject(value!)
}

test.each(all.map((doc) => [doc.name, doc] as const))(
  'the examples of %s are what it describes',
  (name, { examples }) => {
    expect(examples.length).toBeGreaterThan(0)
    const ajv = new Ajv({ strict: false, validateFormats: false })
    const isValid = ajv.compile({ ...(messages[name]!.payload as JsonObject), components: { schemas } })
    for (const example of examples) expect([example, isValid(example), isValid.errors]).toEqual([example, true, null])
  },
)

test.each(Object.entries(CLIENT_MESSAGES))('the server reads the examples of %s as they are meant', (type, docs) => {
  for (const { examples } of docs) {
    for (const example of examples) expect(parseClientFrame(example)).toMatchObject({ type })
  }
})

test('the document has every error code, with its meaning', () => {
  expect(schemas.ErrorCode).toMatchObject({ enum: Object.keys(ERRORS) })
  const codes = (schemas.ErrorCode as JsonObject)['x-error-codes'] as JsonObject
  expect(codes['version-conflict']).toEqual({ ...ERRORS['version-conflict'] })
  expect(Object.keys(codes)).toEqual(Object.keys(ERRORS))
})

test('what the parser refuses, the document refuses, too', () => {
  const ajv = new Ajv({ strict: false, validateFormats: false })
  const refused: [string, JsonObject][] = [
    ['clientHello', { type: 'client:hello', branchId: 'x'.repeat(257) }],
    ['clientHello', { type: 'client:hello', modules: 'pos' }],
    ['clientPublish', { type: 'client:publish', action: 'module:erase', table: 't' }],
    ['clientPublish', { type: 'client:publish', action: 'module:insert' }],
    ['clientBatch', { type: 'client:publish', action: 'module:batch', operations: [] }],
    ['clientQuery', { type: 'client:query', table: 't', queryType: 'sum' }],
    ['clientHistoryRequest', { type: 'client:request:history', limit: -1 }],
    ['topicSubscribe', { type: 'subscribe' }],
  ]
  for (const [name, frame] of refused) {
    const isValid = ajv.compile({ ...(messages[name]!.payload as JsonObject), components: { schemas } })
    expect([name, frame, isValid(frame)]).toEqual([name, frame, false])
    expect(() => parseClientFrame(frame), name).toThrow()
  }
})
