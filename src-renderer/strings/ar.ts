import type { Translated } from '../i18n/messages.ts'
import { backups } from './ar/backups.ts'
import { overview } from './ar/overview.ts'
import { purge } from './ar/purge.ts'
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
}
