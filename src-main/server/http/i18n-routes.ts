import { z } from 'zod'
import { mayRead } from '../../access/view/guarded-module.ts'
import type { ModuleStore } from '../../store/api.ts'
import { findBranch } from './full-sync-routes.ts'
import { type Route, route } from './route.ts'

const DEFAULT_LANGUAGE = 'ar'
const PAGE = 1_000

/** Translations of records, from the tables whose names end in `_lang`. */
export const i18nRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/store/i18n',
    tag: 'Schemas',
    permission: 'table',
    summary: 'Translated fields by table and record',
    query: z.object({
      branch: z.string().optional(),
      module: z.string().optional(),
      lang: z.string().optional(),
      fallback: z.string().optional(),
    }),
    queryAliases: { branchId: 'branch', moduleId: 'module', locale: 'lang', fallbackLang: 'fallback' },
    answers: {
      200: {
        description: 'Translations',
        schema: z.object({
          branchId: z.string(),
          moduleId: z.string(),
          generatedAt: z.string(),
          lang: z.string(),
          fallbackLang: z.string(),
          translations: z.record(z.string(), z.record(z.string(), z.record(z.string(), z.unknown()))),
          availableLanguages: z.array(z.string()),
        }),
      },
    },
    errors: ['missing-branch-id', 'branch-not-found', 'missing-module-id', 'module-not-found'],
    handle(call, { query }) {
      const module = findBranch(call, query.branch).getModule(query.module)
      const fallbackLang = query.fallback ?? DEFAULT_LANGUAGE
      const lang = query.lang ?? fallbackLang
      const translations = Object.fromEntries(
        [...module.translations(lang, fallbackLang)].map(([table, records]) => [table, Object.fromEntries(records)]),
      )
      const { branchId, moduleId } = module
      const generatedAt = new Date().toISOString()
      const availableLanguages = listLanguages(module)
      const body = { branchId, moduleId, generatedAt, lang, fallbackLang, translations, availableLanguages }
      return call.sendReadable(JSON.stringify(body))
    },
  }),
]

function listLanguages(module: ModuleStore): string[] {
  const languages = new Set<string>()
  for (const name of module.definition.tables.keys()) {
    if (!name.endsWith('_lang') || !mayRead(module, name)) continue
    let next: string | undefined
    do {
      const page = module.list(name, { limit: PAGE, ...(next !== undefined && { next }) })
      for (const text of page.recordTexts) {
        const { lang } = JSON.parse(text) as { lang?: unknown }
        if (typeof lang === 'string' && lang !== '') languages.add(lang)
      }
      next = page.next
    } while (next !== undefined)
  }
  return [...languages].sort()
}
