import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import electronLog from 'electron-log/node.js'
import { type LogRecord, toJsonLine, toTerminalLine } from './log.ts'

export interface LogFilesOptions {
  /** `<data root>/logs`; made when absent. */
  dir: string
  /** 10 MB by default. */
  maxBytes?: number
  /** Of all files together, 10 by default: `mishkah.log` and `mishkah.1.log` (newest) to `mishkah.9.log`. */
  maxFiles?: number
}

export interface LogFiles {
  /** Absolute path of the file that is being written. */
  readonly file: string
  write(record: LogRecord): void
  /** Resolves when everything written so far is in the file, or after a second. */
  flush(): Promise<void>
}

let nextLogId = 0

/**
 * JSON lines in files that rotate by size, written asynchronously.
 *
 * electron-log writes synchronously and keeps one old file unless told otherwise; here it writes asynchronously and
 * `archiveLogFn` keeps `maxFiles`. Its Node entry serves the desktop too: the entry for Electron would register an IPC
 * channel of its own beside our checked ones.
 */
export function openLogFiles({ dir, maxBytes = 10 * 1024 * 1024, maxFiles = 10 }: LogFilesOptions): LogFiles {
  const file = join(dir, 'mishkah.log')
  const logger = electronLog.create({ logId: `mishkah-${++nextLogId}` })
  logger.transports.console.level = false
  if (logger.transports.ipc) logger.transports.ipc.level = false
  const transport = logger.transports.file
  transport.level = 'silly'
  transport.sync = false
  transport.maxSize = maxBytes
  transport.writeOptions = { flag: 'a', mode: 0o600, encoding: 'utf8' }
  transport.resolvePathFn = () => file
  transport.transforms = [({ message }) => message.data]
  transport.archiveLogFn = () => shiftFiles(dir, maxFiles)
  return {
    file,
    write: (record) => logger[record.level](toJsonLine(record)),
    flush: async () => {
      for (let waitedMs = 0; waitedMs < 1_000 && isWriting(transport.getFile()); waitedMs += 5) await sleep(5)
    },
  }
}

function shiftFiles(dir: string, maxFiles: number): void {
  const name = (age: number) => join(dir, age === 0 ? 'mishkah.log' : `mishkah.${age}.log`)
  rmSync(name(maxFiles - 1), { force: true })
  for (let age = maxFiles - 2; age >= 0; age--) {
    if (existsSync(name(age))) renameSync(name(age), name(age + 1))
  }
}

/** electron-log shows its queue only in these two fields of the file. */
function isWriting(file: object): boolean {
  const isActive = 'hasActiveAsyncWriting' in file && file.hasActiveAsyncWriting === true
  return (
    isActive || ('asyncWriteQueue' in file && Array.isArray(file.asyncWriteQueue) && file.asyncWriteQueue.length > 0)
  )
}

/** One readable line per entry: warnings and errors on stderr, the rest on stdout. */
export function writeToTerminal(record: LogRecord): void {
  const stream = record.level === 'warn' || record.level === 'error' ? process.stderr : process.stdout
  stream.write(`${toTerminalLine(record)}\n`)
}

/** A terminal that went away (closed window, broken pipe) must not end the server. */
export function tolerateClosedTerminal(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
}
