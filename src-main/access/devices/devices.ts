import { AppError } from '../../../src-shared/errors.ts'
import { type Clock, isoTime } from '../../lib/clock.ts'
import { uuid7 } from '../../lib/uuid7.ts'
import type { AccessTables, DeviceRow } from '../../store/sqlite/access-tables.ts'
import type { RoleCatalogue } from '../role-catalogue.ts'

export interface NewDevice {
  name: string
  roleId: string
  branchIds: readonly string[] | null
  isLegacy: boolean
  approvedBy: string
}

export interface DeviceChange {
  name?: string | undefined
  roleId?: string | undefined
  branchIds?: readonly string[] | null | undefined
  isLegacy?: boolean | undefined
}

interface DeviceParts {
  tables: AccessTables
  roles: RoleCatalogue
  clock: Clock
}

/** Paired devices, revoked ones too: their names stay in the history of a branch. */
export class Devices {
  readonly #parts: DeviceParts
  readonly #byId = new Map<string, DeviceRow>()

  constructor(parts: DeviceParts) {
    this.#parts = parts
    for (const device of parts.tables.listDevices()) this.#byId.set(device.id, device)
  }

  list(): DeviceRow[] {
    return [...this.#byId.values()]
  }

  /** Undefined for a revoked one too. */
  findActive(id: string): DeviceRow | undefined {
    const device = this.#byId.get(id)
    return device?.revokedAt === null ? device : undefined
  }

  /** @throws AppError `device-not-found`. */
  get(id: string): DeviceRow {
    const device = this.#byId.get(id)
    if (device) return device
    throw new AppError('device-not-found', 'There is no such device.', { details: { deviceId: id.slice(0, 64) } })
  }

  /** @throws AppError `role-not-found`. */
  add(input: NewDevice): DeviceRow {
    const now = this.#parts.clock.now()
    this.checkRole(input.roleId)
    return this.#save({
      ...input,
      id: `device-${uuid7(now)}`,
      pairedAt: isoTime(now),
      lastSeenAt: null,
      lastAddress: null,
      revokedAt: null,
      revokedReason: null,
    })
  }

  /** @throws AppError `device-not-found`, `role-not-found`. */
  change(id: string, change: DeviceChange): DeviceRow {
    const device = this.get(id)
    if (change.roleId !== undefined) this.checkRole(change.roleId)
    return this.#save({
      ...device,
      name: change.name?.trim() || device.name,
      roleId: change.roleId ?? device.roleId,
      branchIds: change.branchIds === undefined ? device.branchIds : change.branchIds,
      isLegacy: change.isLegacy ?? device.isLegacy,
    })
  }

  /** For good: the device has to be paired again. @throws AppError `device-not-found`. */
  revoke(id: string, reason: string): DeviceRow {
    const device = this.get(id)
    if (device.revokedAt !== null) return device
    return this.#save({ ...device, revokedAt: isoTime(this.#parts.clock.now()), revokedReason: reason })
  }

  /** Kept in memory until the next refresh of its token, which comes every quarter of an hour. */
  noteSeen(id: string, address: string): void {
    const device = this.#byId.get(id)
    if (device) this.#save({ ...device, lastSeenAt: isoTime(this.#parts.clock.now()), lastAddress: address })
  }

  /** @throws AppError `role-not-found`. */
  checkRole(roleId: string): void {
    if (this.#parts.roles.permissionsOf(roleId) !== undefined) return
    throw new AppError('role-not-found', 'There is no such role.', { details: { role: roleId.slice(0, 64) } })
  }

  #save(device: DeviceRow): DeviceRow {
    this.#parts.tables.saveDevice(device)
    this.#byId.set(device.id, device)
    return device
  }
}
