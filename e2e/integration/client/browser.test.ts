import { describe } from 'vitest'
import { badStorageCases } from './cases/bad-storage.ts'
import { buildCases } from './cases/builds.ts'
import { durableQueueCases } from './cases/durable-queue.ts'
import { reactCases } from './cases/react.ts'
import { usageCases } from './cases/usage.ts'
import { posUsageCases } from './cases/usage-pos.ts'
import { openBrowserBench } from './support/browser-bench.ts'

/** Everything that needs a real browser, over one server: the SDK as pages load it. */
const bench = openBrowserBench()

describe('builds', () => buildCases(bench))
describe('usage', () => usageCases(bench))
describe('usage of a POS page', () => posUsageCases(bench))
describe('durable queue', () => durableQueueCases(bench))
describe('bad storage', () => badStorageCases(bench))
describe('react', () => reactCases(bench))
