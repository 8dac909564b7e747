import type { z } from 'zod'
import type { ErrorCode } from '../../../src-shared/errors.ts'
import type { Area } from '../../access/roles/permissions.ts'
import type { Call } from './call.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/**
 * What a caller needs. `public`: nothing; `signed-in`: to be known; `table`: the same, and the guarded module asks for the
 * permission of each table that it is asked about; `manage:<area>`: that permission.
 */
export type RoutePermission = 'public' | 'signed-in' | 'table' | `manage:${Area}`

export interface AnswerDoc {
  description: string
  /** Absent for an answer without a JSON body. */
  schema?: z.ZodType
  /** application/json unless told. */
  type?: string
}

/** What one method of one path does: the router registers it, the OpenAPI document describes it. */
export interface Route {
  method: Method
  /** `/api/branches/:branchId/...`; `*path` takes the rest. */
  path: string
  tag: string
  permission: RoutePermission
  /** `server`: it concerns all branches, so it takes an account for all of them. */
  scope?: 'server'
  summary: string
  query?: z.ZodObject
  /** Other spellings of a query parameter -> the one in `query`; the first that is given wins. */
  queryAliases?: Readonly<Record<string, string>>
  body?: z.ZodType
  /** Answers by status. */
  answers: Readonly<Record<number, AnswerDoc>>
  /** Failures that belong to this route in particular. */
  errors?: readonly ErrorCode[]
  handle(call: Call): void | Promise<void>
}

interface TypedRoute<Query extends z.ZodObject | undefined, Body extends z.ZodType | undefined>
  extends Omit<Route, 'query' | 'body' | 'handle'> {
  query?: Query
  /** Checked before `handle`; a failure is `invalid-request` with the fields named. */
  body?: Body
  /** Only described: the handler reads the body itself. */
  bodyDoc?: z.ZodType
  handle(call: Call, input: { query: Output<Query>; body: Output<Body> }): void | Promise<void>
}

type Output<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined

/** A route whose query and body are parsed by their schemas before it runs. */
export function route<
  Query extends z.ZodObject | undefined = undefined,
  Body extends z.ZodType | undefined = undefined,
>(definition: TypedRoute<Query, Body>): Route {
  const { bodyDoc, ...rest } = definition
  const { query, body = bodyDoc, handle, queryAliases } = rest
  return {
    ...rest,
    ...(body && { body }),
    handle: rest.body
      ? async (call) => {
          const input = { query: call.parseQuery(query, queryAliases), body: await call.parseBody(rest.body!) }
          return handle(call, input as { query: Output<Query>; body: Output<Body> })
        }
      : (call) => {
          const input = { query: call.parseQuery(query, queryAliases), body: undefined }
          return handle(call, input as { query: Output<Query>; body: Output<Body> })
        },
  }
}
