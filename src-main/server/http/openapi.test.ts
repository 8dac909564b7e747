import { afterAll, beforeAll, expect, test } from 'vitest'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src-shared/json.ts'
import { routes } from './routes.ts'
import { startTestServer, type TestServer } from './testing.ts'

let server: TestServer
let document: JsonObject
beforeAll(async () => {
  server = await startTestServer()
  document = (await server.get('/api/openapi.json')).body
})
afterAll(() => server.close())

interface Operation {
  operationId: string
  tags: string[]
  parameters: { name?: string; in?: string; $ref?: string }[]
  responses: Record<string, { description: string; content?: Record<string, { schema: JsonObject }> }>
}

const operations = (): [path: string, method: string, operation: Operation][] =>
  Object.entries(document.paths as JsonObject).flatMap(([path, item]) =>
    Object.entries(item as JsonObject).map(([method, operation]): [string, string, Operation] => [
      path,
      method,
      operation as unknown as Operation,
    ]),
  )

test('every route is in the document, and nothing else', () => {
  const registered = routes.map(({ method, path }) => `${method.toLowerCase()} ${path.replace(/[:*](\w+)/g, '{$1}')}`)
  expect(
    operations()
      .map(([path, method]) => `${method} ${path}`)
      .sort(),
  ).toEqual(registered.sort())
})

test('the document is a complete OpenAPI 3.1 description', () => {
  expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'Mishkah Branch Server', version: '0.0.0-test' } })
  const tags = new Set((document.tags as { name: string }[]).map(({ name }) => name))
  const ids = operations().map(([, , { operationId }]) => operationId)
  expect(new Set(ids).size).toBe(ids.length)
  for (const [path, method, operation] of operations()) {
    const what = `${method} ${path}`
    expect([what, operation.tags.filter((tag) => !tags.has(tag))]).toEqual([what, []])
    const named = operation.parameters.filter((one) => one.in === 'path').map(({ name }) => name)
    expect([what, named]).toEqual([what, [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)])
    expect([what, Object.keys(operation.responses).length > 0]).toEqual([what, true])
    for (const [status, answer] of Object.entries(operation.responses)) {
      expect([what, /^[2-5]\d\d$/.test(status), answer.description !== '']).toEqual([what, true, true])
    }
  }
})

test('every reference leads to something', () => {
  const broken: string[] = []
  const look = (value: JsonValue): void => {
    if (Array.isArray(value)) for (const item of value) look(item)
    else if (isJsonObject(value)) {
      if (typeof value.$ref === 'string' && !resolves(value.$ref)) broken.push(value.$ref)
      for (const item of Object.values(value)) look(item)
    }
  }
  look(document)
  expect(broken).toEqual([])
})

function resolves(pointer: string): boolean {
  let value: JsonValue | undefined = document
  for (const name of pointer.replace('#/', '').split('/')) value = isJsonObject(value) ? value[name] : undefined
  return isJsonObject(value)
}

test('each table has its schema, without secret fields', () => {
  const { schemas } = document.components as { schemas: Record<string, { properties?: JsonObject }> }
  expect(schemas['pos.order_header']?.properties).toMatchObject({ id: {}, version: { type: 'integer' }, totalDue: {} })
  expect(schemas['pos.employees']?.properties).not.toHaveProperty('pinCode')
})
