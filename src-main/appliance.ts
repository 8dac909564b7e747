import { join } from 'node:path'
import type { Launch } from './config/options.ts'
import type { ServerNotice } from './config/services.ts'
import { describeHttps, startupLines } from './config/startup-lines.ts'
import { createLog, type Log, type LogRecord } from './lib/log.ts'
import { type LogFiles, openLogFiles, writeToTerminal } from './lib/log-files.ts'
import { ServerHost, type ServerState } from './server-host.ts'
import type { ServerAddress } from './server-thread-messages.ts'

/** What both roots, the desktop app and headless, are made of: the log and the server thread. */
export interface Appliance {
  readonly log: Log
  readonly logDir: string
  readonly state: ServerState
  /** @throws AppError with the code of a refused start. */
  start(): Promise<ServerAddress>
  /** A clean stop and a new start. */
  restart(): Promise<ServerAddress>
  /** Stops the server and writes out the log. At most 3 s. */
  stop(): Promise<'clean' | 'forced'>
}

export interface ApplianceListeners {
  onState?(state: ServerState): void
  onNotice?(notice: ServerNotice): void
}

/**
 * Puts the parts together; nothing runs before `start()`.
 *
 * Log files open with the first entry of the server thread, which it writes once it holds the data folder: a second start
 * on a folder in use, or on one that has lost its disk, leaves no trace in it.
 */
export function openAppliance(launch: Launch, listeners: ApplianceListeners = {}): Appliance {
  const { dataDir, logLevel } = launch.server
  const logDir = join(dataDir, 'logs')
  let files: LogFiles | undefined
  const waiting: LogRecord[] = []

  const write = (record: LogRecord): void => {
    writeToTerminal(record)
    if (files) files.write(record)
    else if (waiting.length < 1_000) waiting.push(record)
  }
  const writeFromThread = (record: LogRecord): void => {
    if (!files) {
      files = openLogFiles({ dir: logDir })
      for (const earlier of waiting.splice(0)) files.write(earlier)
    }
    write(record)
  }

  const log = createLog({ level: logLevel, write })
  // Who can reach the server is said at every level.
  const announcements = createLog({ level: 'info', write })
  /** What https is served as, said once the server is ready. */
  let https: string | undefined
  const host = new ServerHost({
    server: launch.server,
    log,
    writeRecord: writeFromThread,
    onNotice: (notice) => {
      if (notice.kind === 'setup-code') process.stdout.write(`Set-up code for the first manager: ${notice.code}\n`)
      if (notice.kind === 'https') {
        https = describeHttps(notice)
        // At a start the address of this machine comes first.
        if (host.state.kind === 'ready') announcements.info('https-served', { message: https })
      }
      if (notice.kind === 'restart-wanted') void restartForNotice(host, log, notice.reason)
      listeners.onNotice?.(notice)
    },
    onState: (state) => {
      if (state.kind === 'ready') {
        announce(launch, state.address, announcements)
        if (https !== undefined) announcements.info('https-served', { message: https })
      } else https = undefined
      listeners.onState?.(state)
    },
  })
  return {
    log,
    logDir,
    get state() {
      return host.state
    },
    start: () => {
      log.info('starting', { version: launch.server.version, runtime: describeRuntime(), pid: process.pid })
      return host.start()
    },
    restart: () => host.restart(),
    stop: async () => {
      const isRunning = host.state.kind !== 'failed' && host.state.kind !== 'stopped'
      if (isRunning) log.info('stopping')
      const result = await host.stop()
      const forced = 'The server did not stop in time and was ended; nothing acknowledged is lost.'
      if (isRunning && result === 'clean') log.info('stopped', { message: 'Stopped cleanly.' })
      else if (isRunning) log.error('stopped', { message: forced })
      await files?.flush()
      return result
    },
  }
}

function announce(launch: Launch, address: ServerAddress, log: Log): void {
  log.info('server-ready', { url: address.url, serverId: address.serverId })
  for (const { level, event, message } of startupLines(launch, address.url, address.port, undefined, address.isOpen))
    log[level](event, { message })
}

async function restartForNotice(host: ServerHost, log: Log, reason: string): Promise<void> {
  log.info('restart', { reason })
  try {
    await host.restart()
  } catch (error) {
    log.error('restart-failed', { error })
  }
}

function describeRuntime(): string {
  return process.versions.electron ? `Electron ${process.versions.electron}` : `Node ${process.versions.node}`
}
