import type { App, PowerMonitor } from 'electron'
import type { Log } from '../lib/log.ts'

/** A stop may take this long; then the process ends whatever still runs. */
const STOP_DEADLINE_MS = 2_900

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'] as const

export interface ShutdownParts {
  app: Pick<App, 'on' | 'quit' | 'exit'>
  powerMonitor: Pick<PowerMonitor, 'on'>
  log: Log
  /** Stops the server and writes out the log. */
  stop(): Promise<'clean' | 'forced'>
}

/**
 * However the app is asked to end (menu, signal, end of the session), the server stops cleanly first and the app exits
 * after it: quit -> before-quit held back -> server stopped -> exit.
 *
 * @returns Starts that stop; may be called from several places at once.
 */
export function handleShutdown({ app, powerMonitor, log, stop }: ShutdownParts): () => void {
  let isStopping = false
  const begin = (): void => {
    if (isStopping) return
    isStopping = true
    setTimeout(() => app.exit(1), STOP_DEADLINE_MS).unref()
    stop().then(
      (result) => app.exit(result === 'clean' ? 0 : 1),
      (error: unknown) => {
        log.error('stop-failed', { error })
        app.exit(1)
      },
    )
  }
  app.on('before-quit', (event) => {
    event.preventDefault()
    begin()
  })
  for (const signal of SIGNALS) process.on(signal, begin)
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error) => {
      log.error('unexpected', { error })
      process.exitCode = 1
      begin()
    })
  }
  // Linux and macOS; on Windows the hidden window hears it.
  powerMonitor.on('shutdown', begin)
  return begin
}
