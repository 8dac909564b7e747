import { z } from 'zod'
import { buildAsyncApi } from './asyncapi/asyncapi.ts'
import { type Route, route } from './route.ts'

let built: { version: string; text: string } | undefined

/** The document of the socket's frames, beside the one of the routes. */
export const asyncApiRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/asyncapi.json',
    tag: 'Schemas',
    permission: 'signed-in',
    summary: 'The frames of the WebSocket: AsyncAPI 3 with a JSON Schema for each message',
    answers: { 200: { description: 'The document', schema: z.looseObject({ asyncapi: z.literal('3.0.0') }) } },
    handle(call) {
      const { version } = call.services.options
      if (built?.version !== version) built = { version, text: JSON.stringify(buildAsyncApi({ version })) }
      return call.sendReadable(built.text)
    },
  }),
]
