import { access } from './en/access.ts'
import { audit } from './en/audit.ts'
import { backups } from './en/backups.ts'
import { devices } from './en/devices.ts'
import { network } from './en/network.ts'
import { overview } from './en/overview.ts'
import { people } from './en/people.ts'
import { purge } from './en/purge.ts'
import { roles } from './en/roles.ts'
import { sequences } from './en/sequences.ts'
import { shell } from './en/shell.ts'
import { snapshots } from './en/snapshots.ts'
import { tables } from './en/tables.ts'
import { tasks } from './en/tasks.ts'

/** Every text of the console. English is the source: its keys are the keys. */
export const en = {
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
} as const

export type StringKey = keyof typeof en
