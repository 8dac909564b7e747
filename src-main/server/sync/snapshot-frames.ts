import type { SnapshotBuffers } from '../../store/api.ts'
import { fragmentFrames, type WireFrame } from './wire-frame.ts'

/** A module's snapshot and what a session wants of it. */
export interface SnapshotPart {
  branchId: string
  moduleId: string
  snapshot: SnapshotBuffers
  /** Canonical names; null for all. */
  tables: ReadonlySet<string> | null
}

type SnapshotTable = SnapshotBuffers['tables'][number]

const EVERYTHING = { isFirst: false, isLast: false }

/**
 * Frames of snapshots. The store's buffers are referenced, never joined: a snapshot of 100 MB is sent to 200 sockets
 * from one copy. What does not depend on the socket is framed once a snapshot and remembered with it.
 * Source: docs/sync.md, rules S1 to S5.
 */
export class SnapshotFrames {
  readonly #modules = new WeakMap<SnapshotBuffers, WireFrame[]>()
  readonly #parts = new WeakMap<SnapshotBuffers, WireFrame[]>()
  readonly #partBytes: number

  constructor(partBytes: number) {
    this.#partBytes = partBytes
  }

  /**
   * One `server:snapshot` message as fragments (protocol 1).
   *
   * @param tail - Members after `modules`, such as `meta`.
   */
  whole(branchId: string, modules: readonly SnapshotPart[], tail: object): WireFrame[] {
    const frames: WireFrame[] = []
    const head = `{"type":"server:snapshot","branchId":${JSON.stringify(branchId)},"modules":{`
    frames.push(...fragmentFrames([head], { isFirst: true, isLast: false }))
    modules.forEach((module, index) => {
      const name = `${index === 0 ? '' : ','}${JSON.stringify(module.moduleId)}:`
      frames.push(...fragmentFrames([name], EVERYTHING), ...this.#module(module))
    })
    frames.push(...fragmentFrames([`},${JSON.stringify(tail).slice(1)}`], { isFirst: false, isLast: true }))
    return frames
  }

  /** The `server:snapshot-part` messages of a module (protocol 2): every table has at least one. */
  parts(part: SnapshotPart): WireFrame[] {
    const remembered = part.tables === null ? this.#parts.get(part.snapshot) : undefined
    if (remembered) return remembered
    const frames = wantedTables(part).flatMap((table) => this.#tableParts(part, table))
    if (part.tables === null) this.#parts.set(part.snapshot, frames)
    return frames
  }

  #module(part: SnapshotPart): WireFrame[] {
    const remembered = part.tables === null ? this.#modules.get(part.snapshot) : undefined
    if (remembered) return remembered
    const frames = fragmentFrames(modulePieces(part), EVERYTHING)
    if (part.tables === null) this.#modules.set(part.snapshot, frames)
    return frames
  }

  #tableParts(part: SnapshotPart, table: SnapshotTable): WireFrame[] {
    const groups = groupChunks(table.chunks, this.#partBytes)
    return groups.flatMap((chunks, index) => {
      const head = {
        type: 'server:snapshot-part',
        branchId: part.branchId,
        moduleId: part.moduleId,
        epoch: part.snapshot.epoch,
        seq: part.snapshot.seq,
        table: table.name,
        part: index,
        isLast: index === groups.length - 1,
        isSingleton: table.isSingleton,
      }
      const pieces = [`${JSON.stringify(head).slice(0, -1)},"records":[`, ...joined(chunks), ']}']
      return fragmentFrames(pieces, { isFirst: true, isLast: true })
    })
  }
}

export function wantedTables({ snapshot, tables }: SnapshotPart): SnapshotTable[] {
  return tables === null ? snapshot.tables : snapshot.tables.filter(({ name }) => tables.has(name))
}

function modulePieces(part: SnapshotPart): (string | Buffer)[] {
  const { branchId, moduleId, snapshot } = part
  const head = JSON.stringify({ moduleId, branchId, version: snapshot.seq })
  const pieces: (string | Buffer)[] = [`${head.slice(0, -1)},"tables":{`]
  wantedTables(part).forEach((table, index) => {
    pieces.push(`${index === 0 ? '' : ','}${JSON.stringify(table.name)}:${table.isSingleton ? '' : '['}`)
    pieces.push(...joined(table.chunks))
    if (!table.isSingleton) pieces.push(']')
  })
  pieces.push(`},"meta":${JSON.stringify(snapshot.meta)}}`)
  return pieces
}

function joined(chunks: readonly Buffer[]): (string | Buffer)[] {
  return chunks.flatMap((chunk, index) => (index === 0 ? [chunk] : [',', chunk]))
}

/** Chunks hold whole records, so that a part is valid on its own; an empty table is one empty group. */
function groupChunks(chunks: readonly Buffer[], maxBytes: number): Buffer[][] {
  const groups: Buffer[][] = [[]]
  let bytes = 0
  for (const chunk of chunks) {
    if (bytes > 0 && bytes + chunk.length > maxBytes) {
      groups.push([])
      bytes = 0
    }
    groups.at(-1)!.push(chunk)
    bytes += chunk.length + 1
  }
  return groups
}
