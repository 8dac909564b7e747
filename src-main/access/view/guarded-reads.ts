import { AppError } from '../../../src-shared/errors.ts'
import type { JsonObject } from '../../../src-shared/json.ts'
import type { ModuleStore, SnapshotBuffers } from '../../store/api.ts'
import type { ListPage, ListQuery } from '../../store/types.ts'
import type { TableRights } from '../rules/module-rights.ts'
import { type RecordViews, seesAll } from './record-view.ts'

const CHUNK_BYTES = 256 * 1024

/** A page of what the caller may see. Conditions and order on a hidden field are refused: they would tell its value. */
export function guardedList(module: ModuleStore, views: RecordViews, rights: TableRights, query: ListQuery): ListPage {
  const { name } = rights.table
  if (seesAll(rights)) return module.list(name, query)
  for (const { field } of [...(query.where ?? []), ...(query.orderBy ?? [])]) assertSeen(rights, field)
  const { afterId, ...rest } = query
  const visible = views.visibleOf(name)
  // An id that is not seen is an unknown one, which the list ignores.
  const isKnown = afterId !== undefined && isSeen(module, views, name, afterId)
  const page = module.list(name, { ...rest, ...(visible && { visible }), ...(isKnown && { afterId }) })
  if (rights.sometimesHidden.length === 0) return page
  return { ...page, recordTexts: page.recordTexts.map((text) => views.textOf(name, text) ?? '{}') }
}

function isSeen(module: ModuleStore, views: RecordViews, table: string, key: string): boolean {
  const record = module.find(table, key)
  return record !== undefined && views.textOf(table, record.text) !== undefined
}

function assertSeen({ table, hidden, sometimesHidden }: TableRights, field: string): void {
  if (!hidden.has(field) && !sometimesHidden.some((each) => each.field === field)) return
  throw new AppError('invalid-request', `The table ${table.name} has no field "${field.slice(0, 64)}".`)
}

type SnapshotTable = SnapshotBuffers['tables'][number]

/** Snapshots as callers with the same rights see them: a table is filtered again only once it has changed. */
export class SnapshotViews {
  readonly #views: RecordViews
  readonly #snapshots = new WeakMap<SnapshotBuffers, SnapshotBuffers>()
  /** By the chunks of the whole table, which the store keeps until the table changes. */
  readonly #tables = new WeakMap<readonly Buffer[], SnapshotTable>()

  constructor(views: RecordViews) {
    this.#views = views
  }

  of(snapshot: SnapshotBuffers): SnapshotBuffers {
    const known = this.#snapshots.get(snapshot)
    if (known) return known
    const tables = snapshot.tables.map((table) => this.#table(table))
    const counter = tables.reduce((sum, { records }) => sum + records, 0)
    const seen = { ...snapshot, tables, meta: { ...snapshot.meta, counter, labCounter: counter } }
    this.#snapshots.set(snapshot, seen)
    return seen
  }

  #table(table: SnapshotTable): SnapshotTable {
    if (seesAll(this.#views.rights.of(table.name))) return table
    const known = this.#tables.get(table.chunks)
    if (known) return known
    const seen = table.isSingleton ? this.#singleton(table) : this.#list(table)
    this.#tables.set(table.chunks, seen)
    return seen
  }

  #singleton(table: SnapshotTable): SnapshotTable {
    const text = Buffer.concat(table.chunks).toString('utf8')
    const seen = table.records === 0 ? undefined : this.#views.textOf(table.name, text)
    const chunk = Buffer.from(seen ?? '{}')
    return { ...table, chunks: [chunk], bytes: chunk.length + 2, records: seen === undefined ? 0 : 1 }
  }

  #list(table: SnapshotTable): SnapshotTable {
    const isReadable = this.#views.rights.of(table.name).words.read !== undefined
    const chunks: Buffer[] = []
    let records = 0
    let texts: string[] = []
    let length = 0
    const close = (): void => {
      if (texts.length > 0) chunks.push(Buffer.from(texts.join(',')))
      texts = []
      length = 0
    }
    for (const chunk of isReadable ? table.chunks : []) {
      for (const record of JSON.parse(`[${chunk.toString('utf8')}]`) as JsonObject[]) {
        const seen = this.#views.recordOf(table.name, record)
        if (!seen) continue
        const text = JSON.stringify(seen)
        texts.push(text)
        records++
        length += text.length
        if (length >= CHUNK_BYTES) close()
      }
    }
    close()
    return { ...table, chunks, records, bytes: chunks.reduce((sum, chunk) => sum + chunk.length + 1, 2) }
  }
}

/** Translations of what may be seen, made from the translation records that may be seen. */
export function guardedTranslations(
  module: ModuleStore,
  views: RecordViews,
  language: string,
  fallback: string | undefined,
): ReturnType<ModuleStore['translations']> {
  const all = module.translations(language, fallback)
  const seen: ReturnType<ModuleStore['translations']> = new Map()
  for (const [name, texts] of all) {
    const base = views.rights.of(name)
    const translations = views.rights.of(`${name}_lang`)
    // A table of translations with rules of its own is not laid over others: which of its records may be seen is lost.
    if (!seesAll(translations) || base.words.read === undefined) {
      seen.set(name, new Map())
      continue
    }
    if (seesAll(base)) {
      seen.set(name, texts)
      continue
    }
    const hidden = new Set(
      [...base.hidden.values(), ...base.sometimesHidden].flatMap(({ places }) => places.map(([key]) => key!)),
    )
    const kept = [...texts].filter(([key]) => base.rows.read.length === 0 || isSeen(module, views, name, key))
    seen.set(
      name,
      new Map(
        kept.map(([key, overlay]) => [
          key,
          Object.fromEntries(Object.entries(overlay).filter(([field]) => !hidden.has(field))),
        ]),
      ),
    )
  }
  return seen
}
