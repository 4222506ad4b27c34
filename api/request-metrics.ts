import type { App } from './app.ts'
import type { MetricFamily, Sample } from './prometheus-text.ts'

/** Upper edges of the histogram, seconds. */
const EDGES_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

interface Series {
  readonly labels: { readonly method: string; readonly route: string; readonly status: number }
  /** How many fell into each bucket, the last one without an edge. */
  readonly counts: number[]
  sumS: number
}

/** Counts and times every request by method, route (its pattern, so that ids don't make series) and status. */
export function installRequestMetrics(app: App): () => MetricFamily {
  const series = new Map<string, Series>()
  app.addHook('onResponse', async (request, reply) => {
    const route = request.is404 ? 'unknown' : (request.routeOptions.url ?? 'unknown')
    const labels = { method: request.method, route, status: reply.statusCode }
    const key = `${labels.method} ${labels.status} ${route}`
    let mine = series.get(key)
    if (mine === undefined) {
      mine = { labels, counts: new Array<number>(EDGES_S.length + 1).fill(0), sumS: 0 }
      series.set(key, mine)
    }
    const seconds = reply.elapsedTime / 1_000
    const bucket = EDGES_S.findIndex((edge) => seconds <= edge)
    mine.counts[bucket === -1 ? EDGES_S.length : bucket]!++
    mine.sumS += seconds
  })
  return () => ({
    name: 'everscore_http_request_duration_seconds',
    type: 'histogram',
    help: 'Time from a request to its whole answer.',
    samples: [...series.values()].flatMap(samplesOf),
  })
}

function samplesOf({ labels, counts, sumS }: Series): Sample[] {
  let total = 0
  const buckets = counts.map((count, i) => {
    total += count
    const le = i < EDGES_S.length ? String(EDGES_S[i]) : '+Inf'
    return { suffix: '_bucket', labels: { ...labels, le }, value: total }
  })
  return [...buckets, { suffix: '_sum', labels, value: sumS }, { suffix: '_count', labels, value: total }]
}
