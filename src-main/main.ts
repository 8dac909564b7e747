import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import {
  app,
  crashReporter,
  dialog,
  ipcMain,
  powerMonitor,
  powerSaveBlocker,
  protocol,
  safeStorage,
  session,
  shell,
} from 'electron'
import { isAppError } from '../src-shared/errors.ts'
import { CONNECTION_CHANGED } from '../src-shared/ipc.ts'
import { CONSOLE_ORIGIN, registerAppScheme, serveConsole } from './app/app-scheme.ts'
import { toConnection } from './app/connection.ts'
import { ConsoleWindow, openSessionEndWindow } from './app/console-window.ts'
import { confirmQuit, showAddress } from './app/questions.ts'
import { openSecretsKey } from './app/secrets-key.ts'
import { lockContents, lockSession } from './app/security.ts'
import { handleShutdown } from './app/shutdown.ts'
import { textsFor } from './app/texts.ts'
import { openTray } from './app/tray.ts'
import { type Appliance, openAppliance } from './appliance.ts'
import { listLanUrls, localUrl } from './config/lan-addresses.ts'
import { EXIT_CODES, helpText, type Launch, OptionsError, parseLaunch } from './config/options.ts'
import { iconDir, installedDataDir, preloadScript, readAppVersion, sourceDataDir } from './config/paths.ts'
import { describeOldRuntime } from './config/runtime-guard.ts'
import type { ServerNotice } from './config/services.ts'
import { createHandlers } from './ipc/handlers.ts'
import { registerHandlers } from './ipc/registry.ts'
import { tolerateClosedTerminal } from './lib/log-files.ts'

/** The root of the desktop app: reads the options, starts the server's thread, opens tray and window. */
function main(): void {
  tolerateClosedTerminal()
  registerAppScheme(protocol)
  crashReporter.start({ uploadToServer: false })
  const launch = readLaunch()
  if (typeof launch === 'number') app.exit(launch)
  else if (!app.requestSingleInstanceLock()) {
    console.error('Mishkah Branch Server is already running on this machine; its window is shown instead.')
    app.exit(EXIT_CODES['data-folder'])
  } else void run(launch)
}

async function run(launch: Launch): Promise<void> {
  try {
    await app.whenReady()
    const desktopToken = randomBytes(32).toString('base64url')
    const secretsKey = openSecretsKey(safeStorage, join(app.getPath('userData'), 'secrets-key'))
    const secrets = { desktopToken, ...(secretsKey !== undefined && { secretsKey }) }
    runDesktop({ ...launch, server: { ...launch.server, ...secrets } }, desktopToken)
  } catch (error) {
    console.error(error)
    app.exit(EXIT_CODES.unexpected)
  }
}

function readLaunch(): Launch | number {
  const version = readAppVersion()
  try {
    const launch = parseLaunch({
      argv: process.argv.slice(app.isPackaged ? 1 : 2),
      env: process.env,
      cwd: process.cwd(),
      defaultDataDir: app.isPackaged
        ? installedDataDir(process.platform, process.env, app.getPath('home'))
        : sourceDataDir,
      version,
      ignoreUnknownFlags: true,
    })
    const tooOld = describeOldRuntime()
    if (launch.help) console.log(helpText())
    else if (launch.version) console.log(version)
    else if (tooOld) return refuse(tooOld, EXIT_CODES['runtime-too-old'])
    else return launch
    return EXIT_CODES.clean
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error
    return refuse(error.message, EXIT_CODES['bad-options'])
  }
}

/** An installed app has no terminal to read. */
function refuse(message: string, exitCode: number): number {
  console.error(message)
  if (app.isPackaged) dialog.showErrorBox('Mishkah Branch Server', message)
  return exitCode
}

function runDesktop(launch: Launch, desktopToken: string): void {
  const texts = textsFor(app.getLocale())
  const { port, host, dataDir, version } = launch.server
  const problems = new Map<string, string>()
  let connectedDevices = 0

  const appliance: Appliance = openAppliance(launch, {
    onState: () => publishState(),
    onNotice: (notice) => handleNotice(notice),
  })
  const { log } = appliance
  const beginShutdown = handleShutdown({ app, powerMonitor, log, stop: appliance.stop })

  lockSession(session.defaultSession)
  app.on('web-contents-created', (_event, contents) => lockContents(contents, (url) => shell.openExternal(url), log))
  serveConsole(protocol, { dir: launch.server.consoleDir, getServerSource: () => serverUrl().replace(/:0$/, ':*') })

  const icon = join(iconDir, 'icon.png')
  const consoleWindow = new ConsoleWindow({ title: texts.title, preload: preloadScript, icon, log })
  const tray = openTray({
    iconDir,
    texts,
    log,
    actions: {
      openConsole: () => void consoleWindow.show(),
      showAddress: () => void showAddress(listUrls(), serverUrl(), texts),
      backUpNow: () => void consoleWindow.show('backups?action=now'),
      restartServer: () => void restartServer(),
      quit: () => void confirmQuit(texts).then((isSure) => isSure && app.quit()),
    },
  })

  registerHandlers({
    ipcMain,
    origin: CONSOLE_ORIGIN,
    log,
    handlers: createHandlers({
      app,
      dialog,
      shell,
      version,
      dataDir,
      logDir: appliance.logDir,
      getWindow: () => consoleWindow.find(),
      getConnection: () => toConnection(appliance.state, desktopToken),
      listLanUrls: listUrls,
      restartServer,
    }),
  })

  app.on('second-instance', () => void consoleWindow.show())
  app.on('activate', () => void consoleWindow.show())
  // Closing the window does not stop the branch.
  app.on('window-all-closed', () =>
    log.info('window-closed', { message: 'The window is closed; the server keeps running.' }),
  )
  powerMonitor.on('resume', () => log.info('resumed', { message: 'The machine woke up.' }))
  powerSaveBlocker.start('prevent-app-suspension')
  if (process.platform === 'win32') openSessionEndWindow(beginShutdown)

  publishState()
  void startServer()
  void consoleWindow.show()

  async function startServer(): Promise<void> {
    await reportFailure(appliance.start())
  }

  async function restartServer(): Promise<void> {
    await reportFailure(appliance.restart())
  }

  /** The reason stays visible in the connection: the window and the tray show it. */
  async function reportFailure(start: Promise<unknown>): Promise<void> {
    try {
      await start
    } catch (error) {
      if (!isAppError(error)) log.error('start-failed', { error })
      else if (error.code !== 'stopping')
        log.error(error.code, { message: [error.message, error.hint].filter(Boolean).join(' ') })
    }
  }

  function handleNotice(notice: ServerNotice): void {
    if (notice.kind === 'devices') connectedDevices = notice.connected
    else if (notice.kind === 'problem') problems.set(notice.code, notice.message)
    else if (notice.kind === 'problem-solved') problems.delete(notice.code)
    publishState()
  }

  function publishState(): void {
    tray?.update({ state: appliance.state, connectedDevices, problems: [...problems.values()] })
    const window = consoleWindow.find()
    if (window && !window.isDestroyed()) {
      window.webContents.send(CONNECTION_CHANGED, toConnection(appliance.state, desktopToken))
    }
  }

  function serverUrl(): string {
    return appliance.state.kind === 'ready' ? appliance.state.address.url : localUrl(host, port)
  }

  function listUrls(): string[] {
    return appliance.state.kind === 'ready' ? listLanUrls(host, appliance.state.address.port) : []
  }
}

main()
