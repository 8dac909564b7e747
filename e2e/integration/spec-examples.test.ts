import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../src-shared/json.ts'
import { type HttpAnswer, send } from '../support/http.ts'
import { at, jsonTypeOf, valuesAt } from '../support/json-paths.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { type Frame, TestSocket } from '../support/socket.ts'
import { fillIn, type HttpRequest, readSpecExamples, type SpecExample } from '../support/spec-examples.ts'

const examples = readSpecExamples()
const defaultHello: JsonObject = { branchId: 'dar', role: 'pos-frontend' }

let shared: TestServer

beforeAll(async () => {
  shared = await startTestServer()
})
afterAll(() => shared?.stop())

test('the list holds every endpoint and message of the specification once', () => {
  const ids = examples.map((one) => one.id)
  expect(new Set(ids).size).toBe(ids.length)
  expect(examples.filter((one) => one.source === 'specification').length).toBeGreaterThanOrEqual(25)
})

describe.each(['specification', 'contract'] as const)('examples of the %s', (source) => {
  test.each(examples.filter((one) => one.source === source))('$id: $title', async (example) => {
    const server = example.server === 'own' ? await startTestServer() : shared
    try {
      if (example.kind === 'http') await checkHttp(server, example)
      else await checkFrame(server, example)
    } finally {
      if (server !== shared) await server.stop()
    }
  })
})

async function checkHttp(server: TestServer, example: SpecExample): Promise<void> {
  const values = await setUp(server, example)
  const request = fillIn(example.request as HttpRequest, values)
  const paths = [request.path, ...(example.pathAliases ?? [])]
  for (const path of paths) {
    const answer = await sendRequest(server, { ...request, path })
    expect(answer.status, `${request.method} ${path} -> ${answer.text.slice(0, 500)}`).toBe(example.expect.status)
    checkText(answer, example)
    checkDocument(answer.body, example)
  }
}

async function checkFrame(server: TestServer, example: SpecExample): Promise<void> {
  const values = await setUp(server, example)
  const sender = await TestSocket.open(server.wsUrl)
  const listener = example.socket?.listener ? await TestSocket.enter(server.wsUrl, defaultHello) : undefined
  try {
    if (example.socket?.hello) await enter(sender, example.socket.hello)
    const request = fillIn(example.request as JsonObject | null, values)
    if (request?.http) {
      const answer = await sendRequest(server, request.http as unknown as HttpRequest)
      expect(answer.status, answer.text.slice(0, 500)).toBeLessThan(300)
    } else if (request) sender.send(request)
    const frame = await (listener ?? sender).next((one) => one.type === example.expect.type && answers(one, request))
    checkDocument(frame, example)
  } finally {
    await sender.close()
    await listener?.close()
  }
}

async function enter(socket: TestSocket, hello: JsonObject): Promise<void> {
  socket.send(hello)
  const end = hello.protocol === 2 ? 'server:ready' : 'server:snapshot'
  await socket.nextOf(end)
}

/** Where the request has an id, an answer that names one must name that one. */
function answers(frame: Frame, request: JsonObject | null): boolean {
  const named = frame.requestId ?? at(frame, 'meta.requestId') ?? at(frame, 'meta.clientMeta.requestId')
  return request?.requestId === undefined || named === undefined || named === request.requestId
}

async function setUp(server: TestServer, example: SpecExample): Promise<Map<string, JsonValue>> {
  const values = new Map<string, JsonValue>()
  for (const step of example.setup) {
    const first = step.startAt ?? 1
    for (let n = first; n < first + (step.repeat ?? 1); n++) {
      const request = fillIn(step.http, new Map([...values, ['n', n]]))
      const answer = await sendRequest(server, request)
      const what = `set-up ${request.method} ${request.path} -> ${answer.text.slice(0, 500)}`
      expect(answer.status < 300, what).toBe(step.expectStatus < 300)
      for (const [name, path] of Object.entries(step.capture ?? {})) {
        const [value] = valuesAt(answer.body, path)
        expect(value, `set-up: ${path} of ${answer.text.slice(0, 500)}`).toBeDefined()
        values.set(name, value as JsonValue)
      }
    }
  }
  return values
}

function sendRequest(server: TestServer, request: HttpRequest): Promise<HttpAnswer> {
  const query = request.query ? `?${new URLSearchParams(request.query)}` : ''
  const { method, path, headers, body } = request
  return send(server.url, `${path}${query}`, {
    method,
    ...(headers && { headers }),
    ...(body !== undefined && { body }),
  })
}

function checkText(answer: HttpAnswer, example: SpecExample): void {
  const { $text, $contentType } = example.matches
  if ($text) expect(answer.text).toMatch(new RegExp($text))
  if ($contentType) expect(answer.headers.get('content-type')).toMatch(new RegExp($contentType))
}

/** Each documented field is there with its JSON type, and has its value where the example determines it. */
function checkDocument(document: unknown, example: SpecExample): void {
  const shown = JSON.stringify(document)?.slice(0, 1_500)
  const problems: string[] = []
  const instead = new Map(example.aliases.filter((one) => one.kind === 'instead').map((one) => [one.field, one.ours]))
  for (const field of example.documentedFields) {
    const path = instead.get(field) ?? field
    const found = valuesAt(document, path)
    const isEmptyList = path.endsWith('[]') && found.length === 0
    if (found.length === 0 && !isEmptyList) problems.push(`${path} is missing`)
    const [documented] = valuesAt(example.response ?? {}, field)
    const isSameType = found.some((value) => jsonTypeOf(value) === jsonTypeOf(documented))
    const isTyped = documented !== undefined && documented !== null && !instead.has(field)
    if (found.length > 0 && isTyped && !isSameType) {
      problems.push(`${path} is ${jsonTypeOf(found[0])}, documented as ${jsonTypeOf(documented)}`)
    }
  }
  for (const [field, value] of Object.entries(example.exact)) {
    const found = valuesAt(document, field)
    if (!found.some((one) => isSame(one, value))) {
      problems.push(`${field} is ${JSON.stringify(found.slice(0, 5))}, must be ${JSON.stringify(value)}`)
    }
  }
  for (const [field, pattern] of Object.entries(example.matches)) {
    if (field.startsWith('$')) continue
    const found = valuesAt(document, field)
    if (!found.some((one) => new RegExp(pattern).test(String(one)))) {
      problems.push(`${field} is ${JSON.stringify(found.slice(0, 5))}, must match ${pattern}`)
    }
  }
  for (const { field, ours, kind } of example.aliases) {
    if (kind !== 'also') continue
    const [one, other] = [valuesAt(document, field), valuesAt(document, ours)]
    if (!isSame(one, other)) problems.push(`${ours} is ${JSON.stringify(other)}, ${field} is ${JSON.stringify(one)}`)
  }
  expect(problems, shown).toEqual([])
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
