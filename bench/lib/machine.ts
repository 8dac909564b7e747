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

/** Processor time since the start of the machine, in ticks: all of it, and what a host gave to its other guests instead. */
interface ProcessorTicks {
  all: number
  stolen: number
}

/** Reads `/proc/stat` (man 5 proc: user nice system idle iowait irq softirq steal); undefined where there is none. */
function processorTicks(): ProcessorTicks | undefined {
  if (!existsSync('/proc/stat')) return undefined
  return parseProcessorTicks(readFileSync('/proc/stat', 'utf8'))
}

/** @param stat - The text of `/proc/stat`. */
export function parseProcessorTicks(stat: string): ProcessorTicks | undefined {
  const line = /^cpu +(.+)$/m.exec(stat)?.[1]
  if (line === undefined) return undefined
  const ticks = line.split(' ').slice(0, 8).map(Number)
  return { all: ticks.reduce((sum, value) => sum + value, 0), stolen: ticks[7] ?? 0 }
}

/**
 * Starts to watch how much the host of a virtual machine takes away. While it does, two processes that work together
 * lose more than one that works alone, and no taking of turns evens that out.
 *
 * @returns The share of the processors' time that was stolen since, 0 to 1; undefined where the system does not tell.
 */
export function watchStolenTime(): () => number | undefined {
  const before = processorTicks()
  return () => {
    const now = processorTicks()
    if (before === undefined || now === undefined) return undefined
    return (now.stolen - before.stolen) / Math.max(1, now.all - before.all)
  }
}
