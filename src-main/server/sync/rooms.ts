import type { StoredEvent } from '../../store/types.ts'
import type { GatewayCounters } from './gateway-figures.ts'
import type { FlushList } from './outgoing-queue.ts'
import { Room } from './room.ts'

/** The rooms of all branches; one appears with its first member and stays, since modules are few. */
export class Rooms {
  readonly #branches = new Map<string, Map<string, Room>>()
  readonly #counters: GatewayCounters
  readonly #flushList: FlushList

  constructor(counters: GatewayCounters, flushList: FlushList) {
    this.#counters = counters
    this.#flushList = flushList
  }

  open(branchId: string, moduleId: string): Room {
    let modules = this.#branches.get(branchId)
    if (!modules) {
      modules = new Map()
      this.#branches.set(branchId, modules)
    }
    let room = modules.get(moduleId)
    if (!room) {
      room = new Room(branchId, moduleId, this.#counters, this.#flushList)
      modules.set(moduleId, room)
    }
    return room
  }

  broadcast(event: StoredEvent): void {
    this.#branches.get(event.branchId)?.get(event.moduleId)?.broadcast(event)
  }

  /** Rooms with at least one member. */
  countOccupied(): number {
    let count = 0
    for (const modules of this.#branches.values()) {
      for (const room of modules.values()) if (room.size > 0) count++
    }
    return count
  }
}
