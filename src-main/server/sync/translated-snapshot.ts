import type { JsonObject } from '../../../src-shared/json.ts'
import type { ModuleStore, SnapshotBuffers } from '../../store/api.ts'
import { overlay } from '../http/snapshot-writer.ts'

const translated = new WeakMap<SnapshotBuffers, Map<string, SnapshotBuffers>>()

/**
 * The module's snapshot with the texts of a language laid over its records. Made once a snapshot and language; without
 * such texts it is the snapshot itself.
 * Source: docs/sync.md, rule S6.
 */
export function snapshotIn(module: ModuleStore, language: string | undefined): SnapshotBuffers {
  const snapshot = module.snapshot()
  if (language === undefined) return snapshot
  const known = translated.get(snapshot)?.get(language)
  if (known) return known
  const translations = module.translations(language)
  if (![...translations.values()].some((texts) => texts.size > 0)) return snapshot
  const tables = snapshot.tables.map((table) => {
    const texts = translations.get(table.name)
    if (!texts || texts.size === 0 || table.isSingleton) return table
    const chunks = table.chunks.map((chunk) => {
      const records = JSON.parse(`[${chunk.toString('utf8')}]`) as JsonObject[]
      return Buffer.from(records.map((record) => JSON.stringify(overlay(record, texts))).join(','))
    })
    return { ...table, chunks }
  })
  const result = { ...snapshot, tables }
  const languages = translated.get(snapshot) ?? new Map<string, SnapshotBuffers>()
  translated.set(snapshot, languages.set(language, result))
  return result
}
