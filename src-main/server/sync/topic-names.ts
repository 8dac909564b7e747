import type { TableDefinition } from '../../store/schema/definition.ts'
import type { StoredEvent } from '../../store/types.ts'

/**
 * Topics of the pub/sub dialect.
 *
 * - `sync::<branch>::<module>` (`pos:sync:<branch>` for pos): the module, and each change of it
 * - `sync-table::<branch>::<module>::<table>`, `sync-table::<branch>::<table>`, `table::<table>`: changes of a table
 * - anything else: free words between the devices of one branch, such as `<branch>:pos:kds:orders`
 */
export type Topic =
  | { kind: 'sync'; name: string; branchId: string; moduleId: string }
  | { kind: 'table'; name: string; branchId: string | undefined }
  | { kind: 'free'; name: string; branchId: string | undefined }

const TOPIC = /^[A-Za-z0-9._:-]{1,200}$/

/**
 * @param isBranch - Tells branch ids from other first words of a free topic.
 * @returns Undefined for a name that we do not serve.
 */
export function parseTopic(name: string, isBranch: (word: string) => boolean): Topic | undefined {
  if (!TOPIC.test(name)) return undefined
  const [family, ...words] = name.split('::')
  const [branchId, moduleId] = words
  if (family === 'sync') {
    return branchId && moduleId && words.length === 2 ? { kind: 'sync', name, branchId, moduleId } : undefined
  }
  if (family === 'sync-table') {
    const isWhole = (words.length === 2 || words.length === 3) && words.every((word) => word !== '')
    return branchId && isWhole ? { kind: 'table', name, branchId } : undefined
  }
  if (family === 'table')
    return branchId && words.length === 1 ? { kind: 'table', name, branchId: undefined } : undefined
  const posBranchId = /^pos:sync:(.+)$/.exec(name)?.[1]
  if (posBranchId) return { kind: 'sync', name, branchId: posBranchId, moduleId: 'pos' }
  return { kind: 'free', name, branchId: branchPrefix(name, isBranch) }
}

/** The longest prefix before a colon that is a branch; branch ids may have colons themselves. */
function branchPrefix(name: string, isBranch: (word: string) => boolean): string | undefined {
  for (let end = name.lastIndexOf(':'); end > 0; end = name.lastIndexOf(':', end - 1)) {
    const word = name.slice(0, end)
    if (isBranch(word)) return word
  }
  return undefined
}

/** Tables whose changes the kitchen and payment pages follow by topic. */
const BRANCH_TOPICS: readonly [string, ReadonlySet<string>][] = [
  ['pos:kds:orders', new Set(['order_header', 'order_line', 'job_order_header', 'job_order_batch'])],
  ['kds:jobs:updates', new Set(['job_order_header', 'job_order_detail', 'job_order_batch'])],
  ['pos:payments', new Set(['order_payment'])],
]

/** Topics that a change of a table is told on, under the table's name and each of its aliases. */
export function tableTopics(event: StoredEvent, table: TableDefinition | undefined): string[] {
  return topicsOf(event, [event.table!, ...(table?.aliases ?? [])])
}

function topicsOf({ branchId, moduleId }: ModuleName, tableNames: readonly string[]): string[] {
  return tableNames.flatMap((name) => [
    `sync-table::${branchId}::${moduleId}::${name}`,
    `sync-table::${branchId}::${name}`,
    `table::${name}`,
  ])
}

export function branchTopics(event: StoredEvent): { name: string; topic: string }[] {
  return BRANCH_TOPICS.filter(([, tables]) => tables.has(event.table!)).map(([topic]) => ({
    name: `${event.branchId}:${topic}`,
    topic,
  }))
}

type ModuleName = Pick<StoredEvent, 'branchId' | 'moduleId'>

/** Whether the server tells of changes of this table on the topic. */
export function isToldOn(topic: Topic, module: ModuleName, table: TableDefinition): boolean {
  if (topic.kind === 'sync') return topic.branchId === module.branchId && topic.moduleId === module.moduleId
  if (topic.kind === 'table') return topicsOf(module, [table.name, ...table.aliases]).includes(topic.name)
  return BRANCH_TOPICS.some(([name, tables]) => topic.name === `${module.branchId}:${name}` && tables.has(table.name))
}

/** Whether the server tells changes on a topic of that name. */
export function isBranchTopic(branchId: string, name: string): boolean {
  return BRANCH_TOPICS.some(([topic]) => name === `${branchId}:${topic}`)
}

export function syncTopics(branchId: string, moduleId: string): string[] {
  const name = `sync::${branchId}::${moduleId}`
  return moduleId === 'pos' ? [name, `pos:sync:${branchId}`] : [name]
}
