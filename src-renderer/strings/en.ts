import { backups } from './en/backups.ts'
import { overview } from './en/overview.ts'
import { purge } from './en/purge.ts'
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
} as const

export type StringKey = keyof typeof en
