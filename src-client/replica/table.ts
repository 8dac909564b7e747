import type { JsonObject, JsonValue } from '../../src-shared/json.ts'
import type { RecordRef } from '../../src-shared/protocol/records.ts'

const KEY_SEPARATOR = '::'

/**
 * The records of one table by their key, as the server has confirmed them.
 *
 * A snapshot brings records without their keys, so the table has to know which fields make the key: from the schema, else
 * `id`, until the first event's reference says better; then every record gets its right key. Records that would share a
 * key meanwhile are kept apart by a number, none is lost.
 */
export class Table {
  readonly records = new Map<string, JsonObject>()
  /** The table is one object, whose key is the name of the table. */
  isSingleton = false
  readonly #name: string
  #keyFields: readonly string[]
  #isKeySure: boolean

  constructor(name: string, keyFields?: readonly string[]) {
    this.#name = name
    this.#isKeySure = keyFields !== undefined && keyFields.length > 0
    this.#keyFields = this.#isKeySure ? keyFields! : ['id']
  }

  get keyFields(): readonly string[] {
    return this.#keyFields
  }

  /** True when the key fields were declared or learned, false while they are a guess that the records do not bear out. */
  get isKeyKnown(): boolean {
    return this.#isKeySure || this.records.size === 0 || [...this.records.keys()].every((key) => !key.startsWith('#'))
  }

  /** The key that the record's fields make; undefined when one is missing. */
  findKey(record: JsonObject): string | undefined {
    if (this.isSingleton) return this.#name
    const values = this.#keyFields.map((field) => record[field])
    return values.every(isKeyValue) ? values.join(KEY_SEPARATOR) : undefined
  }

  /** Replaces everything. */
  fill(records: readonly JsonObject[]): void {
    this.records.clear()
    for (const record of records) {
      const key = this.findKey(record)
      const isFree = key !== undefined && !this.records.has(key)
      this.records.set(isFree ? key : `#${this.records.size}`, record)
    }
  }

  /** Puts back what `items` of an earlier page load had under these keys. */
  restore(
    items: Iterable<readonly [string, JsonObject]>,
    facts: { keyFields?: readonly string[]; isSingleton: boolean },
  ): void {
    this.records.clear()
    for (const [key, record] of items) this.records.set(key, record)
    this.isSingleton = facts.isSingleton
    if (this.#isKeySure || !facts.keyFields) return
    this.#isKeySure = true
    this.#keyFields = facts.keyFields
  }

  /** The key fields, when they are more than a guess. */
  get sureKeyFields(): readonly string[] | undefined {
    return this.#isKeySure ? this.#keyFields : undefined
  }

  /** Learns the key fields from a reference of the server. True when keys have changed. */
  learn(ref: RecordRef): boolean {
    if (this.#isKeySure || this.isSingleton) return false
    const fields = Object.keys(ref.primaryKey)
    if (fields.length === 0) return false
    this.#isKeySure = true
    const isSame = fields.join() === this.#keyFields.join()
    this.#keyFields = fields
    if (isSame && ![...this.records.keys()].some((key) => key.startsWith('#'))) return false
    this.fill([...this.records.values()])
    return true
  }
}

function isKeyValue(value: JsonValue | undefined): value is string | number {
  return (typeof value === 'string' && value !== '') || typeof value === 'number'
}
