import type { JsonObject, JsonValue } from '../../src-shared/json.ts'
import { type HttpAnswer, send } from './http.ts'
import { valuesAt } from './json-paths.ts'

/** REST calls on one module of one branch, short enough for tests. */
export class BranchClient {
  readonly path: string
  readonly #base: () => string

  /** @param base - Asked at each call: a server that restarts has another port. */
  constructor(base: () => string, branchId = 'dar', moduleId = 'pos') {
    this.#base = base
    this.path = `/api/branches/${encodeURIComponent(branchId)}/modules/${moduleId}`
  }

  send(method: string, path: string, body?: JsonValue): Promise<HttpAnswer> {
    return send(this.#base(), path.startsWith('/') ? path : `${this.path}/${path}`, {
      method,
      ...(body !== undefined && { body }),
    })
  }

  insert(table: string, record: JsonObject): Promise<HttpAnswer> {
    return this.send('POST', `tables/${table}`, { record })
  }

  merge(table: string, record: JsonObject): Promise<HttpAnswer> {
    return this.send('PATCH', `tables/${table}`, { record })
  }

  remove(table: string, id: string): Promise<HttpAnswer> {
    return this.send('DELETE', `tables/${table}?id=${encodeURIComponent(id)}`)
  }

  /** The record, or undefined. */
  async find(table: string, id: string): Promise<JsonObject | undefined> {
    const answer = await this.send('GET', `tables/${table}?id=${encodeURIComponent(id)}`)
    return valuesAt(answer.body, 'rows[]')[0] as JsonObject | undefined
  }

  /** All records of the table, page by page. */
  async list(table: string): Promise<JsonObject[]> {
    const records: JsonObject[] = []
    for (let afterId = ''; ; afterId = String(records.at(-1)!.id)) {
      const query = `limit=500${afterId === '' ? '' : `&afterId=${encodeURIComponent(afterId)}`}`
      const answer = await this.send('GET', `tables/${table}?${query}`)
      const page = valuesAt(answer.body, 'rows[]') as JsonObject[]
      records.push(...page)
      if (page.length < 500) return records
    }
  }

  /** Ids of all records of the table. */
  async listIds(table: string): Promise<string[]> {
    return (await this.list(table)).map(({ id }) => String(id))
  }
}
