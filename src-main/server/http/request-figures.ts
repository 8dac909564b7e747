import { Counter, Gauge, type Registry } from 'prom-client'

/** Upper bounds of the buckets, in seconds. */
export const DURATION_BUCKETS: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2]

/** Counts requests in plain numbers and turns them into metrics when they are read. */
export function addRequestFigures(register: Registry): {
  count(method: string, isApi: boolean, seconds: number): void
} {
  const byMethod = new Map<string, { api: number; other: number }>()
  new Counter({
    name: 'mishkah_http_requests_total',
    help: 'Requests answered; kind ajax is /api, http the rest',
    labelNames: ['kind', 'method'],
    registers: [register],
    collect() {
      this.reset()
      for (const [method, { api, other }] of byMethod) {
        if (api > 0) this.inc({ kind: 'ajax', method }, api)
        if (other > 0) this.inc({ kind: 'http', method }, other)
      }
    },
  })
  const observe = addDurations(register, {
    name: 'mishkah_ajax_request_duration_seconds',
    help: 'Time from the head of an API request to its answer',
    label: 'method',
  })
  return {
    count(method, isApi, seconds) {
      let figures = byMethod.get(method)
      if (!figures) {
        figures = { api: 0, other: 0 }
        byMethod.set(method, figures)
      }
      if (isApi) {
        figures.api++
        observe(method, seconds)
      } else figures.other++
    },
  }
}

interface Durations {
  count: number
  seconds: number
  /** One count a bucket, and one for what is above all of them. */
  buckets: number[]
}

/**
 * The three series of a Prometheus histogram with one label, kept in plain numbers: a labelled histogram of the library
 * costs each observation as much as the admission of a request.
 */
export function addDurations(
  register: Registry,
  { name, help, label }: { name: string; help: string; label: string },
): (labelValue: string, seconds: number) => void {
  const byLabel = new Map<string, Durations>()
  const series = new Gauge({ name, help, registers: [register] })
  const read = async () => {
    const values: { metricName: string; value: number; labels: Record<string, string | number> }[] = []
    for (const [labelValue, { count, seconds, buckets }] of byLabel) {
      const labels = { [label]: labelValue }
      let below = 0
      for (const [index, inBucket] of buckets.entries()) {
        below += inBucket
        const le = DURATION_BUCKETS[index] ?? '+Inf'
        values.push({ metricName: `${name}_bucket`, value: below, labels: { le, ...labels } })
      }
      values.push({ metricName: `${name}_sum`, value: seconds, labels })
      values.push({ metricName: `${name}_count`, value: count, labels })
    }
    return { name, help, type: 'histogram', values, aggregator: 'sum' }
  }
  Object.assign(series, { get: read })
  return (labelValue, seconds) => {
    let durations = byLabel.get(labelValue)
    if (!durations) {
      durations = { count: 0, seconds: 0, buckets: new Array<number>(DURATION_BUCKETS.length + 1).fill(0) }
      byLabel.set(labelValue, durations)
    }
    durations.count++
    durations.seconds += seconds
    let bucket = 0
    while (bucket < DURATION_BUCKETS.length && seconds > DURATION_BUCKETS[bucket]!) bucket++
    durations.buckets[bucket]!++
  }
}
