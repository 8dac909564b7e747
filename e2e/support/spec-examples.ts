import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject, JsonValue } from '../../src-shared/json.ts'

/** docs/spec-examples.json; the file says at its head what the parts mean. */
export interface SpecExample {
  id: string
  title: string
  section: string
  source: 'specification' | 'contract'
  kind: 'http' | 'frame'
  server: 'shared' | 'own'
  setup: SetupStep[]
  /** Frames only: the hello before the request (null: none), and whether the answer goes to a second socket. */
  socket?: { hello: JsonObject | null; listener: boolean }
  request: HttpRequest | JsonObject | null
  pathAliases?: string[]
  expect: { status?: number; type?: string; on?: 'sender' | 'listener' }
  response?: JsonValue
  documentedFields: string[]
  exact: Record<string, JsonValue>
  matches: Record<string, string>
  aliases: { field: string; ours: string; kind: 'also' | 'instead' | 'value'; why: string }[]
  elided?: string[]
  note?: string
}

export interface HttpRequest {
  method: string
  path: string
  query?: Record<string, string>
  headers?: Record<string, string>
  body?: JsonValue
}

export interface SetupStep {
  http: HttpRequest
  expectStatus: number
  repeat?: number
  startAt?: number
  /** Name to the path of the value in the answer. */
  capture?: Record<string, string>
}

export function readSpecExamples(): SpecExample[] {
  const text = readFileSync(join(import.meta.dirname, '../../docs/spec-examples.json'), 'utf8')
  return (JSON.parse(text) as { examples: SpecExample[] }).examples
}

/** Replaces `${name}` by captured values, at any depth. A text that is nothing but the mark becomes the value itself. */
export function fillIn<T extends JsonValue | HttpRequest | null>(value: T, values: ReadonlyMap<string, JsonValue>): T {
  const fill = (one: unknown): unknown => {
    if (typeof one === 'string') {
      const whole = /^\$\{(\w+)\}$/.exec(one)
      if (whole && values.has(whole[1]!)) return values.get(whole[1]!)
      return one.replace(/\$\{(\w+)\}/g, (mark, name: string) => String(values.get(name) ?? mark))
    }
    if (Array.isArray(one)) return one.map(fill)
    if (typeof one !== 'object' || one === null) return one
    return Object.fromEntries(Object.entries(one).map(([key, inner]) => [key, fill(inner)]))
  }
  return fill(value) as T
}
