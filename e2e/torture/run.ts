import { parseArgs } from 'node:util'
import { bundleStaleMain } from '../../scripts/bundle.ts'
import { runAttacks } from './attacks.ts'
import { runClientCloses } from './client-closes.ts'
import { runClientKills } from './client-kills.ts'
import { runClientNetwork } from './client-network.ts'
import { runBitFlips, runMirrorCut, runTruncation } from './damage.ts'
import { runDiskFull, whyNoDiskFull } from './disk-full.ts'
import { runFuzz } from './fuzz.ts'
import { runKillLoop } from './kill-loop.ts'
import { runLockStorm } from './lock-storm.ts'
import { runNumbers } from './numbers.ts'
import { runReconnectStorm, runSlowReaders } from './sockets.ts'
import { runSyncOrder, whyNoSyncOrder } from './sync-order.ts'

interface Part {
  name: string
  title: string
  /** Why it cannot run here. */
  whyNot?: () => string | undefined
  run(seed: number, rounds: number | undefined): Promise<{ problems: string[] }>
}

const log = (text: string): void => console.log(`  ${text}`)

const PARTS: readonly Part[] = [
  {
    name: 'kill',
    title: 'kill -9 under mixed load, 100,000 events in the log (T01)',
    run: (seed, rounds = 200) =>
      runKillLoop({ rounds, seed, events: 100_000, onRound: (round, text) => log(`round ${round}: ${text}`) }),
  },
  {
    name: 'numbers',
    title: '64 parallel allocators through crashes draw 100,000 numbers (T29)',
    run: (seed, rounds = 100_000) => runNumbers({ numbers: rounds, limitMs: 20 * 60_000, seed, onRound: log }),
  },
  {
    name: 'locks',
    title: '32 writers on 10 records with version checks (T30)',
    run: (seed, rounds = 20_000) => runLockStorm({ updates: rounds, seed }),
  },
  {
    name: 'sync-order',
    title: 'no ack before the sync that covers it (T04)',
    whyNot: whyNoSyncOrder,
    run: (_, rounds = 5_000) => runSyncOrder({ writes: rounds }),
  },
  {
    name: 'disk-full',
    title: 'a disk that fills up and is freed (T05)',
    whyNot: whyNoDiskFull,
    run: (_, rounds = 50) => runDiskFull({ cycles: rounds }),
  },
  {
    name: 'flips',
    title: 'one bit flipped in records, events and mirror (T08)',
    run: (seed, rounds = 1_000) => runBitFlips({ flips: rounds, seed }),
  },
  {
    name: 'cuts',
    title: 'the write-ahead log cut in steps of 512 bytes (T09)',
    run: (_, rounds = 128) => runTruncation({ bytes: rounds * 512 }),
  },
  {
    name: 'mirror',
    title: 'the mirror cut at any byte and completed (T09)',
    run: (seed, rounds = 50) => runMirrorCut({ cuts: rounds, seed }),
  },
  {
    name: 'slow-readers',
    title: '50 sockets that do not read (T13)',
    run: (_, rounds = 20_000) => runSlowReaders({ slow: 50, events: rounds }),
  },
  {
    name: 'storm',
    title: '500 sockets drop and return at once (T14)',
    run: (_, rounds = 20) => runReconnectStorm({ sockets: 500, rounds }),
  },
  {
    name: 'fuzz',
    title: 'mutated frames and requests (T16)',
    run: (seed, rounds = 100_000) => runFuzz({ frames: rounds, requests: Math.ceil(rounds / 2), seed }),
  },
  {
    name: 'attacks',
    title: '100,000 guesses of each secret, 1,000 replays, every odd name at every parameter (T18, T21, T22, T24)',
    run: () => runAttacks(log),
  },
  {
    name: 'client-kills',
    title: 'kill -9 under two tablets and a kitchen display in Chromium',
    run: (seed, rounds = 20) =>
      runClientKills({ kills: rounds, seed, onKill: (kill, text) => log(`kill ${kill}: ${text}`) }),
  },
  {
    name: 'client-closes',
    title: 'pages with a full queue reloaded, closed and killed, in the middle of sending, beside another tab',
    run: (seed, rounds = 200) =>
      runClientCloses({ rounds, seed, onRound: (round, text) => log(`round ${round}: ${text}`) }),
  },
  {
    name: 'client-network',
    title: '50 clients behind a proxy that cuts, delays, repeats and swaps frames',
    run: (seed, rounds = 200) =>
      runClientNetwork({ clients: 50, rounds, seed, onRound: (round, text) => log(`round ${round}: ${text}`) }),
  },
]

const USAGE = `npm run torture -- [options]

  --only <name>   one part, or several with commas: ${PARTS.map(({ name }) => name).join(', ')}
  --seed <n>      repeats a run; a new one is chosen and printed without it
  --rounds <n>    rounds of each part (kills, numbers, updates, writes, cycles, flips, steps, events, frames)
`

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seed: { type: 'string' },
    rounds: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) process.stdout.write(USAGE)
else await main()

async function main(): Promise<void> {
  await bundleStaleMain()
  const seed = values.seed === undefined ? Date.now() % 1_000_000 : wholeNumber('--seed', values.seed)
  const rounds = values.rounds === undefined ? undefined : wholeNumber('--rounds', values.rounds)
  const names = values.only?.split(',')
  const unknown = names?.find((name) => !PARTS.some((part) => part.name === name))
  if (unknown !== undefined) throw new Error(`There is no part "${unknown}".\n\n${USAGE}`)
  console.log(`seed ${seed}`)
  for (const part of PARTS.filter(({ name }) => !names || names.includes(name))) {
    console.log(`\n${part.name}: ${part.title}`)
    const reason = part.whyNot?.()
    if (reason !== undefined) {
      console.log(`  skipped: ${reason}`)
      continue
    }
    const startedAt = performance.now()
    const { problems, ...figures } = await part.run(seed, rounds)
    log(JSON.stringify(figures))
    for (const problem of problems) log(`PROBLEM ${problem}`)
    log(`${problems.length === 0 ? 'passed' : 'FAILED'} in ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`)
    if (problems.length > 0) process.exitCode = 1
  }
}

function wholeNumber(option: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`${option} must be a whole number, not "${text}".`)
  return Number(text)
}
