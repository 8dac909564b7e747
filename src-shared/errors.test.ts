import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { AppError, ERRORS, toErrorBody } from './errors.ts'

interface DocumentedError {
  code: string
  status: number
  retry: boolean
  meaning: string
  advice: string
}

const ROW = /^\| `([a-z-]+)` +\| (\d{3}) +\| (yes|no) +\| (.+?) +\| (.+?) +\|$/

function readDocumentedErrors(): DocumentedError[] {
  const text = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8')
  return text.split('\n').flatMap((line) => {
    const match = ROW.exec(line)
    if (!match) return []
    const [, code, status, retry, meaning, advice] = match
    return [{ code: code!, status: Number(status), retry: retry === 'yes', meaning: meaning!, advice: advice! }]
  })
}

test('docs/errors.md lists every code with the status, retry and meaning of the catalogue, in its order', () => {
  const documented = readDocumentedErrors().map(({ advice: _, ...rest }) => rest)
  const catalogue = Object.entries(ERRORS).map(([code, entry]) => ({ code, ...entry }))
  expect(documented).toEqual(catalogue)
})

test('each documented error says what to do', () => {
  for (const { code, advice } of readDocumentedErrors()) expect(advice.trim(), code).not.toBe('')
})

test('codes are kebab-case and statuses are client or server errors', () => {
  for (const [code, entry] of Object.entries(ERRORS)) {
    expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/)
    expect(entry.status, code).toBeGreaterThanOrEqual(400)
    expect(entry.status, code).toBeLessThan(600)
    expect(entry.meaning.trim(), code).not.toBe('')
  }
})

test('an unknown failure shows nothing of its cause', () => {
  const body = toErrorBody(new TypeError('SELECT * FROM secrets at /home/x'), 'trace-1')
  expect(body).toEqual({
    error: 'internal',
    message: 'Something unexpected went wrong on the server.',
    traceId: 'trace-1',
  })
})

test('a known failure carries its details, field errors and hint, and no empty parts', () => {
  const error = new AppError('validation-failed', 'Bad record.', {
    errors: [{ field: 'quantity', code: 'type', message: 'must be a number' }],
    hint: 'Check the schema.',
    cause: new Error('hidden'),
  })
  expect(error.status).toBe(422)
  expect(toErrorBody(error)).toEqual({
    error: 'validation-failed',
    message: 'Bad record.',
    errors: [{ field: 'quantity', code: 'type', message: 'must be a number' }],
    hint: 'Check the schema.',
  })
})
