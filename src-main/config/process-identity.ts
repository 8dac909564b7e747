import { execFileSync } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/**
 * Names one process so that a later process with the same id is not taken for it: ids are reused, and a container starts
 * every program as process 1.
 */
export interface ProcessIdentity {
  pid: number
  /** Linux: clock ticks since boot (proc(5), stat field 22). Elsewhere: milliseconds since 1970. */
  startedAt: number
  /** Where the pid means something: boot and pid namespace on Linux, the host name elsewhere. */
  realm: string
}

/** Other clocks than the kernel's ticks are only exact to a few seconds. */
const START_TOLERANCE_MS = 5_000

export function currentProcess(): ProcessIdentity {
  const ticks = readStartTicks(process.pid)
  const startedAt = ticks ?? Math.round(Date.now() - process.uptime() * 1_000)
  return { pid: process.pid, startedAt, realm: currentRealm() }
}

/** @returns undefined when it cannot be told from here: another machine, or a container beside ours. */
export function isAlive(identity: ProcessIdentity): boolean | undefined {
  if (identity.realm !== currentRealm()) return isSameMachineEarlierBoot(identity.realm) ? false : undefined
  if (!pidExists(identity.pid)) return false
  const startedAt = readStartTicks(identity.pid) ?? readStartTime(identity.pid)
  return startedAt === undefined || isSameStart(startedAt, identity.startedAt)
}

/** Two readings of one process's start. */
export function isSameStart(one: number, other: number): boolean {
  return Math.abs(one - other) <= (process.platform === 'linux' ? 0 : START_TOLERANCE_MS)
}

/** `<machine>|<boot>|<pid namespace>`; the last two are empty where the system does not tell. */
function currentRealm(): string {
  return [hostname(), readText('/proc/sys/kernel/random/boot_id'), readLink('/proc/self/ns/pid')].join('|')
}

function isSameMachineEarlierBoot(realm: string): boolean {
  const [machine, boot] = realm.split('|')
  const [ourMachine, ourBoot] = currentRealm().split('|')
  return machine === ourMachine && boot !== ourBoot
}

function pidExists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

function readStartTicks(pid: number): number | undefined {
  const stat = readText(`/proc/${pid}/stat`)
  // The second field is the program's name in brackets and may hold spaces and brackets itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const isZombie = fields[0] === 'Z' || fields[0] === 'X'
  const ticks = Number(fields[19])
  if (stat === '' || !Number.isSafeInteger(ticks)) return undefined
  return isZombie ? -1 : ticks
}

function readStartTime(pid: number): number | undefined {
  const windows = `[DateTimeOffset]::new((Get-Process -Id ${pid}).StartTime).ToUnixTimeMilliseconds()`
  try {
    const text =
      process.platform === 'win32'
        ? execFileSync('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', windows], { timeout: 10_000 })
        : execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
            timeout: 5_000,
            env: { ...process.env, LC_ALL: 'C' },
          })
    const value = text.toString().trim()
    const time = /^\d+$/.test(value) ? Number(value) : Date.parse(value)
    return Number.isNaN(time) ? undefined : time
  } catch {
    return undefined // no such tool: the pid alone has to do
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return '' // not Linux, or the process is gone
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return '' // not Linux
  }
}
