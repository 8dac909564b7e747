import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openAddressMemory } from './address-memory.ts'

const root = mkdtempSync(join(tmpdir(), 'mishkah-addresses-'))
afterAll(() => rmSync(root, { recursive: true }))

test('a change is told once, also when it happened while the server was off', () => {
  const path = join(root, 'config', 'addresses.json')
  const first = openAddressMemory(path)
  expect([first.note(['192.168.1.5']), first.note(['192.168.1.5']), first.note([])]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
  const second = openAddressMemory(path)
  expect([second.note(['192.168.1.6']), second.note(['192.168.1.6'])]).toEqual([['192.168.1.5'], undefined])
})

test('one more or one less address is no news while an old one works', () => {
  const memory = openAddressMemory(join(root, 'two.json'))
  memory.note(['10.0.0.1'])
  expect([memory.note(['10.0.0.1', '10.0.0.2']), memory.note(['10.0.0.2']), memory.note(['10.0.0.3'])]).toEqual([
    undefined,
    undefined,
    ['10.0.0.2'],
  ])
})

test('a damaged file is an absent one', () => {
  const path = join(root, 'damaged.json')
  writeFileSync(path, '{"addresses": [1, ')
  expect(openAddressMemory(path).note(['10.0.0.1'])).toBeUndefined()
})
