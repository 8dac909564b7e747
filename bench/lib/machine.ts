import { existsSync, readFileSync, statfsSync } from 'node:fs'
import { cpus, release, tmpdir, totalmem } from 'node:os'
import Database from 'better-sqlite3'

/** What the numbers were measured on. */
export function describeMachine(): [string, string][] {
  const processors = cpus()
  const db = new Database(':memory:')
  const sqlite = (db.prepare('SELECT sqlite_version() AS version').get() as { version: string }).version
  db.close()
  return [
    ['processor', `${processors[0]?.model.trim() ?? 'unknown'}, ${processors.length} cores`],
    ['memory', `${(totalmem() / 2 ** 30).toFixed(0)} GiB`],
    ['system', `${process.platform} ${release()}`],
    ['node', process.versions.node],
    ['sqlite', sqlite],
    ['temporary folder', `${tmpdir()}, ${diskOf(tmpdir())}`],
  ]
}

/** File system and device of a folder, as far as the system tells. */
function diskOf(folder: string): string {
  const free = statfsSync(folder)
  const freeText = `${((free.bavail * free.bsize) / 2 ** 30).toFixed(0)} GiB free`
  if (!existsSync('/proc/mounts')) return freeText
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, path]) => path !== undefined && (folder === path || folder.startsWith(path === '/' ? '/' : `${path}/`)))
  const [device = 'unknown', , type = 'unknown'] = mounts.toSorted((a, b) => a[1]!.length - b[1]!.length).at(-1) ?? []
  const rotational = `/sys/block/${device.replace('/dev/', '').replace(/p?\d+$/, '')}/queue/rotational`
  const kind =
    existsSync(rotational) && readFileSync(rotational, 'utf8').trim() === '1' ? 'rotating or virtual' : 'not rotating'
  return `${type} on ${device} (${kind}), ${freeText}`
}
