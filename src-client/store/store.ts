import type { JsonObject, JsonValue } from '../../src-shared/json.ts'
import type { StoreStatus } from '../connection/states.ts'
import type { ParkedWrite, PendingWrite } from '../queue/entry.ts'
import type { WriteOutcome } from '../queue/outcome.ts'
import type { ModuleState, StoreEvents, StoreState } from './events.ts'
import type { WriteRequest } from './prepare-write.ts'

/** A record as the application sees it. */
export type StoreRecord = JsonObject

/**
 * A write: a promise of the server's answer, which may take until the server can be reached again. It rejects with a
 * StoreError when the server refuses it for good.
 */
export interface WriteHandle extends Promise<WriteOutcome> {
  /** For `parked()` and the like. */
  readonly id: string
  /** The record as it is sent, with the id that was made for it. */
  readonly record: StoreRecord
  /** Resolves once the write survives a reload, which takes a few milliseconds and needs no server: print after this. */
  readonly queued: Promise<{ isDurable: boolean }>
}

/** More of a write: words that its ack and event repeat. */
export interface WriteExtras {
  [name: string]: JsonValue
}

/** Records by table, as `schemaTypes` writes them for a schema. */
export type TableTypes = Record<string, object>
export type AnyTables = Record<string, StoreRecord>
type NameOf<Tables extends TableTypes> = keyof Tables & string
/** What may be written: with typed tables their fields, else any object. */
type Writable<Tables extends TableTypes, Name extends NameOf<Tables>> = string extends keyof Tables
  ? object
  : Partial<Tables[Name]>

export type RecordFilter<T = StoreRecord> = Readonly<Record<string, JsonValue>> | ((record: T) => boolean)

export interface FetchListOptions {
  /** Fields and the values they must have. */
  filter?: Readonly<Record<string, JsonValue>>
  /** 1 to 1000. */
  limit?: number
  /** Of the page before. */
  next?: string
}

export interface FetchedPage {
  records: StoreRecord[]
  /** More follow; send it as `next`. */
  next?: string
}

/**
 * Tables of one module of a branch, live, that go on without the server. Made by `createStore`; with the types of a schema
 * (`createStore<PosTables>(...)`) names and fields are checked.
 */
export interface Store<Tables extends TableTypes = AnyTables> {
  readonly branchId: string
  readonly moduleId: string
  readonly status: StoreStatus
  readonly state: StoreState
  /** True once there is data to show, of the server or of an earlier page load. */
  readonly hasData: boolean

  /**
   * Opens the database of the browser, shows what is in it and connects.
   *
   * @returns The data: at once from an earlier page load, else when the server has sent it.
   * @throws StoreError when the server refuses the hello and there is no data; without `autoReconnect` also `offline`.
   */
  connect(): Promise<StoreState>
  /** Shows what an earlier page load has kept, without connecting. */
  open(): Promise<void>
  /**
   * Records from elsewhere, such as a REST answer, to be shown until the server sends its own. False when there is
   * data already; then nothing changes.
   */
  provide(tables: ReadonlyMap<string, readonly StoreRecord[]>): boolean
  /** Resolves once there is data to show. Does not connect. */
  ready(): Promise<StoreState>
  /** Ends everything; what waits stays in the queue for the next time. */
  close(): Promise<void>
  /** @returns What removes the listener. */
  on<Name extends keyof StoreEvents>(name: Name, listener: (payload: StoreEvents[Name]) => void): () => void
  off<Name extends keyof StoreEvents>(name: Name, listener: (payload: StoreEvents[Name]) => void): void
  /** A renewed token, for this connection and, where there is no `getToken` to ask, the next ones. */
  setToken(token: string): void

  /** The table's own name, which events carry, for an alias; another name comes back as it is. */
  tableName(name: string): string
  /** All records of the table; empty for an unknown one. */
  listTable<Name extends NameOf<Tables>>(table: Name): Tables[Name][]
  /** One record by its key (parts of a composite key joined by `::`), or undefined. */
  read<Name extends NameOf<Tables>>(table: Name, key: string | number): Tables[Name] | undefined
  /** The records that fit. */
  query<Name extends NameOf<Tables>>(table: Name, filter?: RecordFilter<Tables[Name]>): Tables[Name][]
  /** All tables. */
  snapshot(): ModuleState
  /** Reads everything anew from the server. @throws StoreError `offline`. */
  requestSnapshot(): Promise<StoreState>
  /** Asks the server for one record: also those outside of the snapshot's window. @throws StoreError `offline`. */
  fetchRecord(table: NameOf<Tables>, key: string | number): Promise<StoreRecord | undefined>
  /** Asks the server for a page of records. @throws StoreError `offline`. */
  fetchList(table: NameOf<Tables>, options?: FetchListOptions): Promise<FetchedPage>

  insert<Name extends NameOf<Tables>>(table: Name, record: Writable<Tables, Name>, extras?: WriteExtras): WriteHandle
  /** Changes the fields that are sent. */
  merge<Name extends NameOf<Tables>>(table: Name, record: Writable<Tables, Name>, extras?: WriteExtras): WriteHandle
  /** The same as merge. */
  update<Name extends NameOf<Tables>>(table: Name, record: Writable<Tables, Name>, extras?: WriteExtras): WriteHandle
  /** Inserts or merges. */
  save<Name extends NameOf<Tables>>(table: Name, record: Writable<Tables, Name>, extras?: WriteExtras): WriteHandle
  /** @param reference - The id, or an object with the key's fields; with a `version` only that version is removed. */
  remove(table: NameOf<Tables>, reference: object | string | number, extras?: WriteExtras): WriteHandle
  /** All or none. */
  batch(requests: readonly WriteRequest[], extras?: WriteExtras): WriteHandle

  /** Writes that the server has not answered yet, oldest first. */
  pending(): PendingWrite[]
  /** Writes that the server refused for good, with the reason. */
  parked(): ParkedWrite[]
  /** Sends a parked write again, as a new one. */
  retryParked(id: string): Promise<WriteOutcome>
  discardParked(id: string): Promise<void>
  /** Resolves when the server has answered every write and we have heard everything up to then. */
  whenSynced(): Promise<void>
}
