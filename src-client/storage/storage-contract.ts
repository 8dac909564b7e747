import type { ClientStorage } from './storage.ts'

/** Opens the storage of this name; the same name again is another tab over the same contents. */
export type OpenStorage = (name: string) => Promise<ClientStorage>

export interface ContractCase {
  title: string
  /** Throws when the storage breaks its promise. */
  run(open: OpenStorage): Promise<void>
}

/**
 * What every storage must do. Plain functions without a test runner, because the one over IndexedDB runs inside a real
 * browser.
 */
export const STORAGE_CONTRACT: readonly ContractCase[] = [
  {
    title: 'what is put is found, listed in the order of keys, and gone when deleted',
    async run(open) {
      const storage = await open('put')
      await storage.apply([
        { kind: 'put', area: 'records', key: 'b\n2', value: { n: 2 } },
        { kind: 'put', area: 'records', key: 'a\n1', value: { n: 1 } },
        { kind: 'put', area: 'values', key: 'a\n1', value: 'elsewhere' },
      ])
      same(await storage.find('records', 'a\n1'), { n: 1 })
      same(await storage.find('records', 'nothing'), undefined)
      same(
        (await storage.list('records')).map(({ key }) => key),
        ['a\n1', 'b\n2'],
      )
      same(await storage.list('records', 'b\n'), [{ key: 'b\n2', value: { n: 2 } }])
      await storage.apply([{ kind: 'delete', area: 'records', key: 'a\n1' }])
      same((await storage.list('records')).length, 1)
      same(await storage.find('values', 'a\n1'), 'elsewhere')
    },
  },
  {
    title: 'clear removes the keys with the prefix and no others; operations are carried out in order',
    async run(open) {
      const storage = await open('clear')
      await storage.apply([
        { kind: 'put', area: 'records', key: 'order\n1', value: 1 },
        { kind: 'put', area: 'records', key: 'order_line\n1', value: 2 },
        { kind: 'clear', area: 'records', prefix: 'order\n' },
        { kind: 'put', area: 'records', key: 'order\n2', value: 3 },
      ])
      same(
        (await storage.list('records')).map(({ key }) => key),
        ['order\n2', 'order_line\n1'],
      )
      await storage.apply([{ kind: 'clear', area: 'records', prefix: '' }])
      same(await storage.list('records'), [])
    },
  },
  {
    title: 'stored values are copies',
    async run(open) {
      const storage = await open('copies')
      const value = { lines: [1] }
      await storage.apply([{ kind: 'put', area: 'values', key: 'k', value }])
      value.lines.push(2)
      same(await storage.find('values', 'k'), { lines: [1] })
    },
  },
  {
    title: 'a guard that does not hold lets nothing through',
    async run(open) {
      const storage = await open('guard')
      const claim = (token: string) => ({ kind: 'put', area: 'values', key: 'leader', value: { token } }) as const
      same(await storage.apply([claim('a')], { key: 'leader', token: undefined }), true)
      same(await storage.apply([claim('b')], { key: 'leader', token: undefined }), false)
      same(
        await storage.apply([{ kind: 'put', area: 'queue', key: 'x', value: 1 }], { key: 'leader', token: 'b' }),
        false,
      )
      same(await storage.list('queue'), [])
      same(await storage.apply([claim('b')], { key: 'leader', token: 'a' }), true)
      same(await storage.find('values', 'leader'), { token: 'b' })
    },
  },
  {
    title: 'of two tabs that claim at once one wins',
    async run(open) {
      const tabs = await Promise.all([open('race'), open('race'), open('race')])
      const won = await Promise.all(
        tabs.map((tab, index) =>
          tab.apply([{ kind: 'put', area: 'values', key: 'leader', value: { token: `t${index}` } }], {
            key: 'leader',
            token: undefined,
          }),
        ),
      )
      same(won.filter(Boolean).length, 1)
    },
  },
  {
    title: 'appended values keep their order over two tabs, and keys are never used again',
    async run(open) {
      const [one, other] = [await open('append'), await open('append')]
      const first = await one.append(['a', 'b'])
      const second = await other.append(['c'])
      same(
        (await one.list('queue')).map(({ value }) => value),
        ['a', 'b', 'c'],
      )
      await other.apply([{ kind: 'delete', area: 'queue', key: second[0]! }])
      const [third] = await one.append(['d'])
      same([...first, ...second, third], [...new Set([...first, ...second, third!])].sort())
      const many = await Promise.all(Array.from({ length: 12 }, (_, n) => one.append([`n${n}`])))
      same(many.flat(), [...many.flat()].sort())
      same((await other.list('queue')).length, 15)
    },
  },
  {
    title: 'what one tab wrote another one reads, also after the first is closed; close may be called twice',
    async run(open) {
      const one = await open('reopen')
      await one.apply([{ kind: 'put', area: 'values', key: 'k', value: 'kept' }])
      one.close()
      one.close()
      const other = await open('reopen')
      same(await other.find('values', 'k'), 'kept')
    },
  },
]

function same(actual: unknown, expected: unknown): void {
  const [one, other] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (one !== other) throw new Error(`expected ${other}, got ${one}`)
}
