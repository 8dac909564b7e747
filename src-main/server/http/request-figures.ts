import { Counter, Gauge, type Registry } from 'prom-client'

/** Upper bounds of the buckets, in seconds. */
export const DURATION_BUCKETS: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2]

interface MethodFigures {
  api: number
  other: number
  seconds: number
  /** One count a bucket, and one for what is above all of them. */
  buckets: number[]
}

/**
 * Counts requests in plain numbers and turns them into metrics when they are read: a labelled histogram would cost each
 * request as much as its admission does.
 */
export function addRequestFigures(register: Registry): {
  count(method: string, isApi: boolean, seconds: number): void
} {
  const byMethod = new Map<string, MethodFigures>()
  const registers = [register]
  new Counter({
    name: 'mishkah_http_requests_total',
    help: 'Requests answered; kind ajax is /api, http the rest',
    labelNames: ['kind', 'method'],
    registers,
    collect() {
      this.reset()
      for (const [method, { api, other }] of byMethod) {
        if (api > 0) this.inc({ kind: 'ajax', method }, api)
        if (other > 0) this.inc({ kind: 'http', method }, other)
      }
    },
  })
  addDurations(byMethod, registers)
  return {
    count(method, isApi, seconds) {
      let figures = byMethod.get(method)
      if (!figures) {
        figures = { api: 0, other: 0, seconds: 0, buckets: new Array<number>(DURATION_BUCKETS.length + 1).fill(0) }
        byMethod.set(method, figures)
      }
      if (!isApi) {
        figures.other++
        return
      }
      figures.api++
      figures.seconds += seconds
      let bucket = 0
      while (bucket < DURATION_BUCKETS.length && seconds > DURATION_BUCKETS[bucket]!) bucket++
      figures.buckets[bucket]!++
    },
  }
}

/** The three series of a Prometheus histogram, written as such. */
function addDurations(byMethod: ReadonlyMap<string, MethodFigures>, registers: Registry[]): void {
  const name = 'mishkah_ajax_request_duration_seconds'
  const series = new Gauge({ name, help: 'Time from the head of an API request to its answer', registers })
  const read = async () => {
    const values: { metricName: string; value: number; labels: Record<string, string | number> }[] = []
    for (const [method, { api, seconds, buckets }] of byMethod) {
      let below = 0
      for (const [index, count] of buckets.entries()) {
        below += count
        values.push({
          metricName: `${name}_bucket`,
          value: below,
          labels: { le: DURATION_BUCKETS[index] ?? '+Inf', method },
        })
      }
      values.push({ metricName: `${name}_sum`, value: seconds, labels: { method } })
      values.push({ metricName: `${name}_count`, value: api, labels: { method } })
    }
    return {
      name,
      help: 'Time from the head of an API request to its answer',
      type: 'histogram',
      values,
      aggregator: 'sum',
    }
  }
  Object.assign(series, { get: read })
}
