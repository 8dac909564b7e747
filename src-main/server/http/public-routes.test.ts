import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isPublicDoor } from '../../access/sign-in/public-doors.ts'
import { routes } from './routes.ts'

const ROOT = join(import.meta.dirname, '../../..')
const text = readFileSync(join(ROOT, 'docs/security.md'), 'utf8')

function sectionOf(title: string): string[] {
  const [, after = ''] = text.split(`## ${title}\n`)
  return (after.split('\n## ')[0] ?? '').split('\n')
}

test('docs/security.md lists the public routes, each with its reason, and no other route is public', () => {
  const listed = sectionOf('What answers without signing in').flatMap((line) => {
    const match = /^\| `([A-Z]+ \S+)` *\| (.{10,}) \|$/.exec(line)
    return match ? [match[1]!] : []
  })
  const open = routes.filter(({ permission }) => permission === 'public').map(({ method, path }) => `${method} ${path}`)
  expect(listed.sort()).toEqual(open.sort())
  expect(open.filter((name) => !isPublicDoor(...(name.split(' ') as [string, string])))).toEqual([])
})

test('each attack of docs/security.md names a test that exists, and its count', () => {
  const rows = sectionOf('Attacks and their tests').filter((line) => /^\| (?!attack|-)/.test(line))
  expect(rows.length).toBeGreaterThanOrEqual(18)
  const files = rows.map((row) => [...row.matchAll(/`([^`]+\.(?:test|spec)\.ts)`/g)].map((match) => match[1]!))
  expect(rows.filter((_row, index) => files[index]!.length === 0)).toEqual([])
  expect(files.flat().filter((file) => !existsSync(join(ROOT, file)))).toEqual([])
  expect(rows.filter((row) => !/\| [^|]*\d[^|]*\|$/.test(row) && !/kinds *\|$/.test(row))).toEqual([])
})
