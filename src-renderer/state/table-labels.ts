import { isJsonObject, type JsonObject, type JsonValue } from '../../src-shared/json.ts'

export interface Labels {
  en?: string
  ar?: string
}

/** Labels by table of a module's schema, as `GET /api/schema` answers it; tables without labels are left out. */
export function readTableLabels(answer: JsonObject, moduleId: string): Map<string, Labels> {
  const module = objectIn(objectIn(answer, 'modules'), moduleId)
  const schema = objectIn(module, 'schema')
  const tables = schema?.tables ?? objectIn(schema, 'schema')?.tables
  const found = new Map<string, Labels>()
  for (const [name, table] of namedTables(tables)) {
    const labels = objectIn(table, 'labels')
    const { en, ar } = labels ?? {}
    if (typeof en !== 'string' && typeof ar !== 'string') continue
    found.set(name, { ...(typeof en === 'string' && { en }), ...(typeof ar === 'string' && { ar }) })
  }
  return found
}

/** A list of tables with names, or an object from name to table. */
function namedTables(tables: JsonValue | undefined): [string, JsonObject][] {
  if (Array.isArray(tables)) {
    return tables.flatMap((table): [string, JsonObject][] =>
      isJsonObject(table) && typeof table.name === 'string' ? [[table.name, table]] : [],
    )
  }
  if (tables === undefined || !isJsonObject(tables)) return []
  return Object.entries(tables).flatMap(([name, table]): [string, JsonObject][] =>
    isJsonObject(table) ? [[name, table]] : [],
  )
}

function objectIn(value: JsonObject | undefined, name: string): JsonObject | undefined {
  const member = value?.[name]
  return member !== undefined && isJsonObject(member) ? member : undefined
}
