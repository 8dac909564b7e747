import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { mayWrite } from '../../src-apps/shared/access/may.ts'
import { BUILT_IN_ROLES } from '../../src-main/access/roles/built-in-roles.ts'
import { findTable, findTableWord } from '../../src-main/access/roles/permissions.ts'
import { defaultsDir } from '../../src-main/config/paths.ts'
import { parseSchema } from '../../src-main/store/schema/parse-schema.ts'

const ACTIONS = ['insert', 'update', 'delete'] as const

test('what the apps offer is what the server takes: every built-in role and every word, on every table', () => {
  const text = readFileSync(join(defaultsDir, 'schemas/pos_schema.json'), 'utf8')
  const pos = parseSchema(JSON.parse(text), { moduleId: 'pos', objects: ['settings'] })
  const tables = [...pos.tables.keys()]
  const names = [...tables, 'orders', 'menu', 'job_orders', 'reservations', 'payments', 'order_lines', 'nothing', '*']
  const verbs = ['read', 'write', 'insert', 'update', 'delete', 'manage']
  const words = names.flatMap((name) => verbs.map((verb) => [`${verb}:${name}`]))
  const resolve = (name: string) => findTable(pos, name) ?? name
  const wrong: unknown[] = []
  let compared = 0
  for (const permissions of [...BUILT_IN_ROLES.map((role) => role.permissions), ...words]) {
    for (const table of tables) {
      for (const action of ACTIONS) {
        const isTaken = findTableWord(permissions, pos, table, action) !== undefined
        compared++
        if (mayWrite(permissions, action, table, resolve) !== isTaken) wrong.push([permissions, table, action, isTaken])
      }
    }
  }
  expect(wrong.slice(0, 5)).toEqual([])
  expect(compared).toBeGreaterThan(10_000)
})
