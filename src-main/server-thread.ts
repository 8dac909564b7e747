import { enableCompileCache, flushCompileCache } from 'node:module'
import { join } from 'node:path'
import { parentPort } from 'node:worker_threads'
import { isAppError, toErrorBody } from '../src-shared/errors.ts'
import { type OpenDataFolder, openDataFolder } from './config/data-folder.ts'
import type { ServerOptions } from './config/options.ts'
import { describeOldRuntime } from './config/runtime-guard.ts'
import type { RunningServer } from './config/services.ts'
import { createLog } from './lib/log.ts'
import type { FromServerThread, ServerFailure, ToServerThread } from './server-thread-messages.ts'

/**
 * The thread that owns the data folder, the store and the server. An error that nobody catches ends the thread; the main
 * thread (server-host.ts) then starts a new one.
 */
const mainThread = parentPort
if (!mainThread) throw new Error('server-thread.ts runs as a worker thread')

const post = (message: FromServerThread): void => mainThread.postMessage(message)

let running: Promise<Running | undefined> = Promise.resolve(undefined)

interface Running {
  folder: OpenDataFolder
  server: RunningServer
}

mainThread.on('message', (message: ToServerThread) => {
  if (message.type === 'start') running = start(message.options)
  else void stop()
})

async function start(options: ServerOptions): Promise<Running | undefined> {
  const log = createLog({ level: options.logLevel, write: (record) => post({ type: 'log', record }) })
  const tooOld = describeOldRuntime()
  if (tooOld) return fail({ code: 'runtime-too-old', message: tooOld })
  let folder: OpenDataFolder | undefined
  try {
    folder = openDataFolder(options.dataDir)
    log.info('data-folder-open', { folderId: folder.id })
    // Compiled code of the last start, a third of the start-up time; inside the folder that only we write to.
    enableCompileCache(join(options.dataDir, 'cache', 'code'))
    // Only now: importing it loads the SQLite driver.
    const { startBranchServer } = await import('./server/branch-server.ts')
    const server = await startBranchServer(options, { log, notify: (notice) => post({ type: 'notice', notice }) })
    const { url, port, serverId, isOpen = true } = server
    post({ type: 'ready', url, port, serverId, isOpen })
    flushCompileCache()
    return { folder, server }
  } catch (error) {
    folder?.close()
    if (!isAppError(error)) log.error('start-failed', { error })
    const { error: code, message, hint } = toErrorBody(error)
    return fail({ code, message, ...(hint && { hint }) })
  }
}

function fail(failure: ServerFailure): undefined {
  post({ type: 'failed', ...failure })
  mainThread?.close()
  return undefined
}

/** Finishes what runs, gives the folder back, then lets the thread end. */
async function stop(): Promise<void> {
  const current = await running
  try {
    await current?.server.close()
  } finally {
    current?.folder.close()
  }
  post({ type: 'stopped' })
  mainThread?.close()
}
