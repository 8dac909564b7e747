import { z } from 'zod'
import { ERRORS, type ErrorCode } from '../../../src-shared/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src-shared/json.ts'
import type { ModuleDefinition } from '../../store/schema/definition.ts'
import { toJsonSchema } from '../../store/schema/json-schema.ts'
import type { Method, Route } from './route.ts'
import { schemaOf, toSchema } from './schema-components.ts'

/** Failures that any endpoint can answer. */
const COMMON_ERRORS: readonly ErrorCode[] = [
  'invalid-request',
  'unauthorized',
  'host-not-allowed',
  'origin-not-allowed',
  'rate-limited',
  'internal',
  'stopping',
]
const BODY_ERRORS: readonly ErrorCode[] = ['invalid-json', 'body-too-deep', 'body-too-large', 'unsupported-media-type']
const WRITE_ERRORS: readonly ErrorCode[] = ['disk-full', 'store-failed', 'idempotency-key-reused']

const TAGS: Readonly<Record<string, string>> = {
  Health: 'Liveness, readiness and figures',
  Network: 'How devices reach and trust the branch',
  Branches: 'Branches, their modules and the snapshots of those',
  Tables: 'Records of a table: list, insert, change, delete',
  Orders: 'Orders as one thing: header, lines, payments, status logs',
  Events: 'The event log of a module',
  Sync: 'Snapshots, deltas and imports',
  Sequences: 'Document numbers',
  Snapshots: 'Snapshot files',
  Backups: 'Backups and restore',
  Management: 'What a manager does: status, purge, reset, flags',
  Schemas: 'Schemas, modules, seeds and translations',
  Query: 'Filtered reads',
  Files: 'Uploads',
  Access: 'Signing in, people, devices and the audit log',
}

const errorShape = z
  .object({
    error: z.string().describe('One of the codes of docs/errors.md'),
    message: z.string(),
    details: z.looseObject({}).optional(),
    errors: z.array(z.object({ field: z.string(), code: z.string(), message: z.string() })).optional(),
    hint: z.string().optional(),
    traceId: z.string().optional(),
  })
  .meta({ id: 'Error' })

const problemShape = errorShape
  .extend({ type: z.string(), title: z.string(), status: z.int(), detail: z.string(), code: z.string() })
  .meta({ id: 'Problem', description: 'RFC 9457; sent when Accept names application/problem+json' })

/** The OpenAPI 3.1 document of the routes, with a JSON Schema for each table of the modules. */
export function buildOpenApi(
  routes: readonly Route[],
  modules: readonly ModuleDefinition[],
  info: { version: string },
): JsonObject {
  const schemas: JsonObject = {}
  const paths: Record<string, JsonObject> = {}
  for (const route of routes) {
    const path = route.path.replace(/[:*](\w+)/g, '{$1}')
    paths[path] ??= {}
    paths[path][route.method.toLowerCase()] = describeRoute(route, schemas)
  }
  schemaOf(errorShape, schemas)
  schemaOf(problemShape, schemas)
  for (const module of modules) {
    for (const table of module.tables.values()) {
      const { $schema: _dialect, ...schema } = toJsonSchema(table)
      schemas[componentName(`${module.moduleId}.${table.name}`)] = schema
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Mishkah Branch Server',
      version: info.version,
      description:
        'The store of a branch over HTTP. /api/branch/... and /branches/... mean /api/branches/... The records of a ' +
        'table have the schema components.schemas["{module}.{table}"]. Changes are also sent to sockets at /ws.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'This server' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: { schemas, parameters: PARAMETERS },
  }
}

const PARAMETERS: JsonObject = {
  Protocol: {
    name: 'Mishkah-Protocol',
    in: 'header',
    description: 'Protocol that the caller speaks; undeclared callers count as 1',
    schema: { type: 'integer', enum: [1, 2] },
  },
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description: 'The same key with the same content is carried out once; kept for 7 days',
    schema: { type: 'string', minLength: 1, maxLength: 256 },
  },
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    description: 'ETag of the record that was read: "<epoch>.<version>"',
    schema: { type: 'string' },
  },
  IfNoneMatch: {
    name: 'If-None-Match',
    in: 'header',
    description: 'ETag of the answer that the caller has',
    schema: { type: 'string' },
  },
}

const reference = (name: keyof typeof PARAMETERS): JsonObject => ({ $ref: `#/components/parameters/${name}` })

function describeRoute(route: Route, schemas: JsonObject): JsonObject {
  const parameters: JsonValue[] = [...pathParameters(route.path), ...queryParameters(route)]
  const isWrite = route.method !== 'GET'
  const isRecordWrite = isWrite && (route.tag === 'Tables' || route.tag === 'Orders')
  if (route.tag === 'Tables' || route.tag === 'Orders' || route.tag === 'Events') parameters.push(reference('Protocol'))
  if (isWrite && ['Tables', 'Orders', 'Events', 'Sequences'].includes(route.tag))
    parameters.push(reference('IdempotencyKey'))
  if (isRecordWrite && route.method !== 'POST') parameters.push(reference('IfMatch'))
  if (route.answers[304]) parameters.push(reference('IfNoneMatch'))
  return {
    tags: [route.tag],
    summary: route.summary,
    operationId: operationId(route.method, route.path),
    parameters,
    ...(route.body && {
      requestBody: { content: { 'application/json': { schema: schemaOf(route.body, schemas, { io: 'input' }) } } },
    }),
    responses: describeAnswers(route, schemas),
  }
}

function describeAnswers(route: Route, schemas: JsonObject): JsonObject {
  const responses: JsonObject = {}
  for (const [status, answer] of Object.entries(route.answers)) {
    const type = answer.type ?? 'application/json'
    const content = answer.schema
      ? { [type]: { schema: schemaOf(answer.schema, schemas) } }
      : answer.type
        ? { [type]: { schema: { type: 'string' } } }
        : undefined
    responses[status] = { description: answer.description, ...(content && { content }) }
  }
  const isWrite = route.method !== 'GET'
  const codes = [...(route.errors ?? []), ...COMMON_ERRORS, ...(isWrite ? [...BODY_ERRORS, ...WRITE_ERRORS] : [])]
  for (const [status, group] of Map.groupBy(new Set(codes), (code) => ERRORS[code].status)) {
    if (responses[status]) continue
    const lines = group.map((code) => `\`${code}\`: ${ERRORS[code].meaning}.`)
    responses[status] = {
      description: lines.join(' '),
      content: {
        'application/json': { schema: { $ref: '#/components/schemas/Error' } },
        'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
      },
    }
  }
  return responses
}

function pathParameters(path: string): JsonObject[] {
  return [...path.matchAll(/[:*](\w+)/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
}

function queryParameters(route: Route): JsonObject[] {
  const schema = route.query && toSchema(route.query, { io: 'input' })
  const properties = schema && isJsonObject(schema.properties) ? schema.properties : {}
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...rest } = isJsonObject(property) ? property : {}
    const spellings = Object.entries(route.queryAliases ?? {}).flatMap(([alias, to]) => (to === name ? [alias] : []))
    const also = spellings.length > 0 ? `also: ${spellings.join(', ')}` : ''
    const text = [description, also].filter((part) => typeof part === 'string' && part !== '').join('; ')
    return { name, in: 'query', ...(text !== '' && { description: text }), schema: rest }
  })
}

function operationId(method: Method, path: string): string {
  const words = path
    .split(/[/{}]/)
    .flatMap((part) => (part === '' || part === 'api' ? [] : part.replace(/^[:*]/, 'by-')))
  const name = words.join('-').replace(/[^A-Za-z0-9]+(\w)/g, (_match, letter: string) => letter.toUpperCase())
  return `${method.toLowerCase()}${name.charAt(0).toUpperCase()}${name.slice(1)}`
}

function componentName(text: string): string {
  return text.replace(/[^A-Za-z0-9._-]/g, '_')
}
