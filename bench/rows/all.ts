import { catchUp } from '../client/catch-up.ts'
import { firstPaint } from '../client/first-paint.ts'
import { memory } from '../client/memory.ts'
import { pageFanOut } from '../client/page-fan-out.ts'
import { queuedWrites } from '../client/queued-writes.ts'
import type { Bench } from '../lib/row.ts'
import { fanOut } from './fan-out.ts'
import { rest } from './rest.ts'
import { scale } from './scale.ts'
import { snapshot } from './snapshot.ts'
import { socketWrites } from './socket-writes.ts'
import { specification } from './specification.ts'
import { start } from './start.ts'

/** In the order of the budgets. */
export const BENCHES: readonly Bench[] = [
  ...[socketWrites, rest, fanOut, snapshot, scale, start, specification],
  ...[firstPaint, catchUp, queuedWrites, memory, pageFanOut],
]
