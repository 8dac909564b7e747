import { SCREENS, type Screen } from './route.ts'

/** Parts of the management; the server's list is src-main/access/roles/permissions.ts. */
export type Area =
  | 'audit'
  | 'backups'
  | 'devices'
  | 'network'
  | 'people'
  | 'purge'
  | 'roles'
  | 'sequences'
  | 'snapshots'
  | 'status'

interface Holder {
  permissions: readonly string[]
}

const AREA_OF: Record<Screen, Area> = {
  overview: 'status',
  tables: 'status',
  snapshots: 'snapshots',
  purge: 'purge',
  sequences: 'sequences',
  backups: 'backups',
  devices: 'devices',
  people: 'people',
  roles: 'roles',
  audit: 'audit',
}

/** Whether the server would let this caller into a part of the management. Only for what is shown: it decides itself. */
export function mayManage({ permissions }: Holder, area: Area): boolean {
  return ['*', 'manage:*', `manage:${area}`].some((word) => permissions.includes(word))
}

/** The screens that this caller may use. */
export function screensFor(holder: Holder): Screen[] {
  return SCREENS.filter((screen) => mayManage(holder, AREA_OF[screen]))
}
