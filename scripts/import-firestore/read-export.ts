import { isJsonObject, type JsonObject, type JsonValue } from '../../src-shared/json.ts'

/** A document as the export has it; its values are not converted yet. */
export interface ExportedDocument {
  /** `orders/o-1/lines/l-1`. */
  path: string
  /** The collection, without ids: `orders/lines`. */
  collection: string
  id: string
  /** Id of the document that the sub-collection belongs to. */
  parentId: string | undefined
  fields: JsonObject
}

/** Where lists have the id of a document; the first that is text or a number counts. */
const ID_FIELDS = ['id', '__id__', '__id', '_id', 'docId', 'documentId'] as const
const DOCUMENTS = '/documents/'

/**
 * Every document of an export, parents before their sub-collections. The forms:
 *
 * - `{"__collections__": {"orders": {"o-1": {…fields, "__collections__": {…}}}}}` (node-firestore-import-export)
 * - `{"orders": {"o-1": {…fields, "subCollection": {"orders/o-1/lines": {…}}}}}` (firestore-export-import)
 * - `{"orders": [{"id": "o-1", …fields}]}`, also inside `{"tables": {…}}` as the specification exports
 * - `{"documents": [{"name": "projects/…/documents/orders/o-1", "fields": {…}}]}`, or the bare list (REST)
 *
 * @throws Error that says what is no export, by its place.
 */
export function readExport(content: unknown): ExportedDocument[] {
  const documents: ExportedDocument[] = []
  const value = content as JsonValue
  if (Array.isArray(value)) addNamed(documents, value)
  else if (!isJsonObject(value)) throw new Error('the export must be a JSON object or a list of documents')
  else if (isNamedList(value.documents!)) addNamed(documents, value.documents)
  else addCollections(documents, collectionsOf(value), undefined)
  return documents
}

function collectionsOf(root: JsonObject): JsonObject {
  const { __collections__: collections, tables } = root
  if (isJsonObject(collections!)) return collections
  // A restaurant may have a collection of this name: there its documents lie by id.
  if (isJsonObject(tables!) && Object.values(tables).every(Array.isArray)) return tables
  return root
}

function isNamedList(value: JsonValue): value is JsonValue[] {
  const isNamed = (item: JsonValue): boolean =>
    isJsonObject(item) && typeof item.name === 'string' && item.name.includes(DOCUMENTS)
  return Array.isArray(value) && value.every(isNamed)
}

function addCollections(
  documents: ExportedDocument[],
  collections: JsonObject,
  parent: ExportedDocument | undefined,
): void {
  for (const [key, content] of Object.entries(collections)) {
    // Some tools name a sub-collection by its whole path.
    const name = key
      .split('/')
      .filter((part) => part !== '')
      .at(-1)
    if (name === undefined) throw new Error('a collection has no name')
    const path = parent ? `${parent.path}/${name}` : name
    for (const [id, document] of listDocuments(path, content)) {
      const found: ExportedDocument = {
        path: `${path}/${id}`,
        collection: parent ? `${parent.collection}/${name}` : name,
        id,
        parentId: parent?.id,
        fields: fieldsOf(document),
      }
      documents.push(found)
      for (const inner of ['__collections__', 'subCollection'] as const) {
        const nested = document[inner]
        if (isJsonObject(nested!)) addCollections(documents, nested, found)
      }
    }
  }
}

function listDocuments(path: string, content: JsonValue): [id: string, document: JsonObject][] {
  if (Array.isArray(content)) {
    return content.map((document, index) => {
      const id = isJsonObject(document) ? idOf(document) : undefined
      if (id === undefined) throw new Error(`document ${index} of ${path} has no id`)
      return [id, document as JsonObject]
    })
  }
  if (!isJsonObject(content))
    throw new Error(`${path} is no collection: documents by id, or a list of them, are needed`)
  return Object.entries(content).map(([id, document]) => {
    if (isJsonObject(document)) return [id, document]
    throw new Error(`${path}/${id} is no document: it is not an object`)
  })
}

function idOf(document: JsonObject): string | undefined {
  if (typeof document.name === 'string' && document.name.includes(DOCUMENTS)) return document.name.split('/').at(-1)
  for (const name of ID_FIELDS) {
    const value = document[name]
    if ((typeof value === 'string' && value !== '') || typeof value === 'number') return String(value)
  }
  return undefined
}

/** The fields of a document of the REST API, or the document itself without what the tools add. */
function fieldsOf(document: JsonObject): JsonObject {
  const isTyped = typeof document.name === 'string' && document.name.includes(DOCUMENTS)
  if (isTyped) return isJsonObject(document.fields!) ? document.fields : {}
  const { __collections__: _collections, subCollection: _nested, ...fields } = document
  return fields
}

/** Documents with their whole name; parents may come after their sub-collections and are put before them. */
function addNamed(documents: ExportedDocument[], list: JsonValue[]): void {
  list.forEach((document, index) => {
    const name = isJsonObject(document) ? document.name : undefined
    const segments = typeof name === 'string' ? name.split(DOCUMENTS).at(-1)!.split('/') : []
    if (segments.length < 2 || segments.length % 2 === 1) throw new Error(`document ${index} has no name of a document`)
    documents.push({
      path: segments.join('/'),
      collection: segments.filter((_, at) => at % 2 === 0).join('/'),
      id: segments.at(-1)!,
      parentId: segments.length > 2 ? segments.at(-3) : undefined,
      fields: fieldsOf(document as JsonObject),
    })
  })
  documents.sort((one, other) => one.path.split('/').length - other.path.split('/').length)
}
