import type { Translated } from '../i18n/messages.ts'
import { access } from './ar/access.ts'
import { audit } from './ar/audit.ts'
import { backups } from './ar/backups.ts'
import { devices } from './ar/devices.ts'
import { network } from './ar/network.ts'
import { overview } from './ar/overview.ts'
import { people } from './ar/people.ts'
import { purge } from './ar/purge.ts'
import { roles } from './ar/roles.ts'
import { sequences } from './ar/sequences.ts'
import { shell } from './ar/shell.ts'
import { snapshots } from './ar/snapshots.ts'
import { tables } from './ar/tables.ts'
import { tasks } from './ar/tasks.ts'
import type { en } from './en.ts'

/** The same keys in Arabic; a missing one does not compile. */
export const ar: Translated<typeof en> = {
  ...shell,
  ...overview,
  ...tables,
  ...snapshots,
  ...purge,
  ...sequences,
  ...backups,
  ...tasks,
  ...access,
  ...devices,
  ...people,
  ...roles,
  ...audit,
  ...network,
}
