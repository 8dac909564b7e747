import { readFileSync, writeFileSync } from 'node:fs'
import { findTables } from '../src-client/replica/schema-names.ts'
import { schemaTypes } from '../src-client/types/schema-types.ts'

/**
 * `npm run types -- <schema.json> <types.d.ts> [Name]`: the types of a schema's tables, for `createStore<Name>()`.
 * A schema is what lies in data/schemas, or what `/api/schema` of a server answers for a module.
 */
const USAGE = 'usage: npm run types -- <schema.json> <types.d.ts> [name of the type of all tables, such as PosTables]'

/**
 * Writes the types.
 *
 * @returns How many tables there are.
 * @throws Error with a sentence for a file that cannot be read, is not JSON or has no tables, and for a name that
 *   TypeScript would not take. Nothing is written then.
 */
export function writeTypes(schemaFile: string, typesFile: string, name = 'Tables'): number {
  if (!/^[A-Za-z_$][\w$]*$/.test(name)) throw new Error(`"${name}" cannot be the name of a type.`)
  const schema = readJson(schemaFile)
  const count = Object.keys(findTables(schema)).length
  if (count === 0) throw new Error(`${schemaFile} is no schema: it has no tables.`)
  writeFileSync(typesFile, schemaTypes(schema, name))
  return count
}

function readJson(file: string): unknown {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new Error(`${file} cannot be read: ${describe(cause)}`, { cause })
  }
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Error(`${file} is not JSON: ${describe(cause)}`, { cause })
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function main([schemaFile, typesFile, name]: string[]): number {
  if (!schemaFile || !typesFile) {
    console.error(USAGE)
    return 2
  }
  try {
    const count = writeTypes(schemaFile, typesFile, name)
    console.log(`${typesFile}: ${count} tables`)
    return 0
  } catch (error) {
    console.error(describe(error))
    return 1
  }
}

if (import.meta.main) process.exitCode = main(process.argv.slice(2))
