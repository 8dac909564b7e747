import { isAppError } from '../src-shared/errors.ts'
import { openAppliance } from './appliance.ts'
import { EXIT_CODES, exitCodeFor, helpText, type Launch, OptionsError, parseLaunch } from './config/options.ts'
import { readAppVersion, sourceDataDir } from './config/paths.ts'
import { describeOldRuntime } from './config/runtime-guard.ts'
import { tolerateClosedTerminal } from './lib/log-files.ts'

/** A stop may take this long; then the process ends whatever still runs. */
const STOP_DEADLINE_MS = 2_900

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'] as const

/**
 * The appliance without Electron: the root for services, tests and benches.
 *
 * @param argv - The options, without program and script.
 * @returns The exit code, once the server has stopped.
 */
export async function runHeadless(argv: readonly string[]): Promise<number> {
  tolerateClosedTerminal()
  const launch = readLaunch(argv)
  if (typeof launch === 'number') return launch
  const tooOld = describeOldRuntime()
  if (tooOld) {
    console.error(tooOld)
    return EXIT_CODES['runtime-too-old']
  }
  return await serve(launch)
}

function readLaunch(argv: readonly string[]): Launch | number {
  const version = readAppVersion()
  try {
    const launch = parseLaunch({ argv, env: process.env, cwd: process.cwd(), defaultDataDir: sourceDataDir, version })
    if (launch.help) console.log(helpText())
    else if (launch.version) console.log(version)
    else return launch
    return EXIT_CODES.clean
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error
    for (const problem of error.problems) console.error(problem)
    return EXIT_CODES['bad-options']
  }
}

async function serve(launch: Launch): Promise<number> {
  const ending = Promise.withResolvers<number>()
  let hasStarted = false
  const appliance = openAppliance(launch, {
    onState: (state) => {
      if (hasStarted && state.kind === 'failed') ending.resolve(EXIT_CODES.unexpected)
    },
  })
  for (const signal of SIGNALS) process.on(signal, () => ending.resolve(EXIT_CODES.clean))
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error) => {
      appliance.log.error('unexpected', { error })
      ending.resolve(EXIT_CODES.unexpected)
    })
  }
  const started = appliance.start().then(
    () => {
      hasStarted = true
    },
    (error: unknown) => {
      if (!isAppError(error)) throw error
      if (error.code === 'stopping') return
      appliance.log.error(error.code, { message: [error.message, error.hint].filter(Boolean).join(' ') })
      ending.resolve(exitCodeFor(error.code))
    },
  )
  started.catch(ending.reject)
  const code = await ending.promise
  setTimeout(() => process.exit(code || EXIT_CODES.unexpected), STOP_DEADLINE_MS).unref()
  const result = await appliance.stop()
  return result === 'clean' ? code : EXIT_CODES.unexpected
}

/** Older runtimes, which get their sentence below, do not know `import.meta.main`. */
const isProgram = import.meta.main ?? process.argv[1] === import.meta.filename
if (isProgram) process.exit(await runHeadless(process.argv.slice(2)))
