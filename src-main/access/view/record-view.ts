import type { JsonObject, JsonValue } from '../../../src-shared/json.ts'
import { cutMembers } from '../../lib/json-members.ts'
import type { TableDefinition } from '../../store/schema/definition.ts'
import type { VisibleRecords } from '../../store/types.ts'
import { type FieldPlace, type ModuleRights, readCondition, type TableRights } from '../rules/module-rights.ts'

/** What a caller sees of the records of a module: whole records left out, fields taken away. */
export class RecordViews {
  readonly rights: ModuleRights
  readonly #visible = new Map<string, VisibleRecords | null>()

  constructor(rights: ModuleRights) {
    this.rights = rights
  }

  /** The text as it may be seen; undefined when the record may not be. The same text where nothing is hidden. */
  textOf(table: string, text: string): string | undefined {
    const rights = this.rights.of(table)
    if (rights.words.read === undefined) return undefined
    if (seesAll(rights)) return text
    const record = parseShared(text)
    if (!this.rights.isVisible(rights, record)) return undefined
    const places = this.rights.hiddenPlaces(rights, record)
    return places.length === 0 ? text : textWithout(record, places)
  }

  /** The same for a record that is not text yet; the record itself is not changed. */
  recordOf(table: string, record: JsonObject): JsonObject | undefined {
    const rights = this.rights.of(table)
    if (!this.rights.isVisible(rights, record)) return undefined
    return withoutPlaces(record, this.rights.hiddenPlaces(rights, record))
  }

  /** For lists: undefined when every record and field is seen. Fields that depend on the record are left to `textOf`. */
  visibleOf(table: string): VisibleRecords | undefined {
    let visible = this.#visible.get(table)
    if (visible === undefined) {
      const rights = this.rights.of(table)
      visible =
        rights.rows.read.length === 0 && rights.hidden.size === 0
          ? null
          : {
              condition: readCondition(rights),
              scope: {},
              // A field that decides about another one must still be there when that is asked.
              hidden: rights.sometimesHidden.length > 0 ? [] : rights.alwaysHidden,
            }
      this.#visible.set(table, visible)
    }
    return visible ?? undefined
  }

  /** What is left of a record that its writer may not see: how to name it. */
  referenceText(table: TableDefinition, recordText: string): string {
    const record = JSON.parse(recordText) as JsonObject
    const names = [...table.primaryKey, 'version']
    return JSON.stringify(Object.fromEntries(names.flatMap((name) => (name in record ? [[name, record[name]]] : []))))
  }
}

/** A record that has just been written, with its text: whoever looks at it next needs not read it again. */
export function rememberRecord(text: string, record: JsonObject): void {
  lastText = text
  lastRecord = record
  lastMasked.clear()
}

let lastText = ''
let lastRecord: JsonObject = {}
const lastMasked = new Map<string, string>()

/** The same record is often judged for many listeners one after the other. Nobody changes what this returns. */
function parseShared(text: string): JsonObject {
  if (text !== lastText) rememberRecord(text, JSON.parse(text) as JsonObject)
  return lastRecord
}

interface Mask {
  name: string
  /** The members to be cut; undefined where something inside of one is hidden. */
  members: ReadonlySet<string> | undefined
}

const masks = new WeakMap<readonly FieldPlace[], Mask>()

function maskOf(places: readonly FieldPlace[]): Mask {
  let mask = masks.get(places)
  if (!mask) {
    const isFlat = places.every((place) => place.length === 1)
    mask = { name: JSON.stringify(places), members: isFlat ? new Set(places.map(([key]) => key!)) : undefined }
    masks.set(places, mask)
  }
  return mask
}

/** The record that was just looked at without these places: made once for all listeners from whom the same is hidden. */
function textWithout(record: JsonObject, places: readonly FieldPlace[]): string {
  const { name, members } = maskOf(places)
  let text = lastMasked.get(name)
  if (text === undefined) {
    text = (members && cutMembers(lastText, members)) ?? JSON.stringify(withoutPlaces(record, places))
    lastMasked.set(name, text)
  }
  return text
}

/** Every record and every field of the table. */
export function seesAll(rights: TableRights): boolean {
  return (
    rights.words.read !== undefined &&
    rights.rows.read.length === 0 &&
    rights.hidden.size === 0 &&
    rights.sometimesHidden.length === 0
  )
}

/** A copy without the values at these places. */
export function withoutPlaces(record: JsonObject, places: readonly FieldPlace[]): JsonObject {
  const copy: JsonObject = {}
  // Left out rather than deleted: an object that lost a key is slow from then on.
  for (const key in record)
    if (!places.some((place) => place.length === 1 && place[0] === key)) copy[key] = record[key]!
  for (const place of places) if (place.length > 1) removePlace(copy, place)
  return copy
}

function removePlace(record: JsonObject, [key = '', ...rest]: FieldPlace): void {
  if (!Object.hasOwn(record, key)) return
  if (rest.length === 0) {
    delete record[key]
    return
  }
  const inner = record[key] as JsonValue
  if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return
  const copy = { ...inner }
  record[key] = copy
  removePlace(copy, rest)
}

/** Whether a record says something at the place. */
export function hasPlace(record: JsonObject, [key = '', ...rest]: FieldPlace): boolean {
  if (!Object.hasOwn(record, key) || record[key] === undefined) return false
  if (rest.length === 0) return true
  const inner = record[key]
  return typeof inner === 'object' && inner !== null && !Array.isArray(inner) && hasPlace(inner, rest)
}
