import { AppError } from '../../../src-shared/errors.ts'
import { isJsonObject, type JsonObject } from '../../../src-shared/json.ts'
import { parseJson } from '../http/body.ts'

/**
 * The object in a frame, text or binary, parsed once.
 *
 * @throws AppError `invalid-json` or `body-too-deep`.
 */
export function decodeFrame(bytes: Buffer, maxDepth: number): JsonObject {
  const value = parseJson(bytes, maxDepth)
  if (isJsonObject(value)) return value
  throw new AppError('invalid-json', 'The frame is not a JSON object.')
}
