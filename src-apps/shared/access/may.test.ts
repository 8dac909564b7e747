import { expect, test } from 'vitest'
import { mayWrite } from './may.ts'

test('words, groups and aliases', () => {
  const cases: [string[], 'insert' | 'update' | 'delete', string, boolean][] = [
    [['*'], 'delete', 'anything', true],
    [['read:*'], 'insert', 'order_header', false],
    [['write:*'], 'insert', 'pos_shift', true],
    [['update:*'], 'insert', 'pos_shift', false],
    [['update:order_line'], 'update', 'order_line', true],
    [['update:order_line'], 'update', 'order_header', false],
    [['write:orders'], 'insert', 'order_payment', true],
    [['write:orders'], 'insert', 'pos_shift', false],
    [['write:menu'], 'update', 'menu_items', true],
    [['write:job_orders'], 'update', 'job_order_detail', true],
    [['manage:*'], 'insert', 'order_header', false],
    [['write:constructor'], 'insert', 'order_header', false],
    [[], 'insert', 'order_header', false],
    [['write:payments'], 'insert', 'order_payment', true],
  ]
  const resolve = (name: string) => (name === 'payments' ? 'order_payment' : name)
  const wrong = cases.filter(([words, action, table, may]) => mayWrite(words, action, table, resolve) !== may)
  expect(wrong).toEqual([])
})
