import type { Bench } from '../lib/row.ts'
import { clientCatchUp } from './client-catch-up.ts'
import { clientFanOut } from './client-fan-out.ts'
import { clientMemory } from './client-memory.ts'
import { clientPaint } from './client-paint.ts'
import { clientQueue } from './client-queue.ts'
import { fanOut } from './fan-out.ts'
import { rest } from './rest.ts'
import { rules } from './rules.ts'
import { scale } from './scale.ts'
import { snapshot } from './snapshot.ts'
import { socketWrites } from './socket-writes.ts'
import { specification } from './specification.ts'
import { start } from './start.ts'

/** In the order of the budgets. */
export const BENCHES: readonly Bench[] = [
  ...[socketWrites, rest, fanOut, snapshot, scale, start, specification, rules],
  ...[clientPaint, clientCatchUp, clientQueue, clientMemory, clientFanOut],
]
