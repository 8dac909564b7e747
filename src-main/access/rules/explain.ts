import type { JsonObject } from '../../../src-shared/json.ts'
import type { TableAction } from '../roles/permissions.ts'
import type { ModuleRights, TableRights } from './module-rights.ts'

/** One reason of a verdict. */
export interface Reason {
  /** Id of a rule, or the permission. */
  rule: string
  /** True: it allows, or does not stand in the way. */
  holds: boolean
  words: string
}

export interface Explanation {
  isAllowed: boolean
  /** One sentence. */
  words: string
  reasons: Reason[]
  /** Fields that are left out of what is read. */
  hiddenFields: { field: string; rule: string }[]
  /** Fields that this change touches and may not. */
  refusedFields: { field: string; rule: string }[]
}

/**
 * Why a role may, or may not, do something with a table, or with one record of it. Rules about records are asked only
 * when a record is given.
 */
export function explain(
  all: ModuleRights,
  rights: TableRights,
  action: TableAction,
  given: { record?: JsonObject; previous?: JsonObject },
): Explanation {
  const { name } = rights.table
  const { role } = all.auth
  const word = rights.words[action]
  const reasons: Reason[] = [
    word === undefined
      ? { rule: `permission ${action}:${name}`, holds: false, words: `The role ${role} has no permission for it.` }
      : { rule: `permission ${word}`, holds: true, words: `The role ${role} has the permission ${word}.` },
  ]
  const { record, previous } = given
  const scopes = scopesOf(action, record, previous)
  for (const { rule } of rights.rows[action]) {
    const failing = scopes.find((scope) => all.findRefusal(onlyRule(rights, action, rule), action, scope.scope))
    reasons.push({ rule, holds: scopes.length > 0 && !failing, words: wordsOf(rule, scopes.length > 0, failing?.what) })
  }
  const isAsked = scopes.length > 0
  const refusedFields = isAsked && action !== 'read' && action !== 'delete' ? refused(all, rights, action, given) : []
  const stands = reasons.find(({ holds, rule }) => !holds && (isAsked || rule.startsWith('permission ')))
  const first = stands?.rule ?? refusedFields[0]?.rule
  return {
    isAllowed: first === undefined,
    words:
      first === undefined
        ? `${role} may ${action} ${isAsked ? 'this record of' : 'records of'} ${name}${isAsked || reasons.length === 1 ? '' : ' that the rules allow'}.`
        : `${role} may not ${action} ${isAsked ? 'this record of' : 'records of'} ${name}: ${first}.`,
    reasons,
    hiddenFields: hiddenFields(all, rights, record),
    refusedFields,
  }
}

interface Scope {
  what: string
  scope: { record: JsonObject; previous?: JsonObject }
}

/** A change is judged by the record as it was and as it would be. */
function scopesOf(action: TableAction, record: JsonObject | undefined, previous: JsonObject | undefined): Scope[] {
  const before: Scope[] = previous ? [{ what: 'the record as it was', scope: { record: previous, previous } }] : []
  if (action === 'read') return record ? [{ what: 'the record', scope: { record } }] : []
  if (action === 'delete') {
    const gone = previous ?? record
    return gone ? [{ what: 'the record', scope: { record: gone, previous: gone } }] : []
  }
  if (!record) return before
  return [...before, { what: 'the record as it would be', scope: { record, ...(previous && { previous }) } }]
}

function onlyRule(rights: TableRights, action: TableAction, rule: string): TableRights {
  return { ...rights, rows: { ...rights.rows, [action]: rights.rows[action].filter((each) => each.rule === rule) } }
}

function wordsOf(rule: string, isAsked: boolean, failing: string | undefined): string {
  if (!isAsked) return `The rule ${rule} decides for each record; give one to hear how.`
  return failing === undefined ? `The rule ${rule} holds.` : `The rule ${rule} does not hold for ${failing}.`
}

function refused(
  all: ModuleRights,
  rights: TableRights,
  action: 'insert' | 'update',
  { record, previous }: { record?: JsonObject; previous?: JsonObject },
): { field: string; rule: string }[] {
  if (!record) return []
  return rights.writable.flatMap((condition) => {
    const { field, rule } = condition
    const isTouched = JSON.stringify(record[field] ?? null) !== JSON.stringify(previous?.[field] ?? null)
    const isAllowed = !isTouched || all.allowsField(condition, action, { record, ...(previous && { previous }) })
    return isAllowed ? [] : [{ field, rule }]
  })
}

function hiddenFields(
  all: ModuleRights,
  rights: TableRights,
  record: JsonObject | undefined,
): { field: string; rule: string }[] {
  const always = [...rights.hidden].map(([field, { rule }]) => ({ field, rule }))
  if (!record) return always
  const places = all.hiddenPlaces(rights, record)
  const here = rights.sometimesHidden.filter((each) => each.places.every((place) => places.includes(place)))
  return [...always, ...here.map(({ field, rule }) => ({ field, rule }))]
}
