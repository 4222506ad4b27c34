import { Type } from 'typebox'
import type { App } from '../app.ts'
import type { CustomerLookup } from '../customer-lookup.ts'
import { UNAUTHORIZED_ERROR } from '../error-answer.ts'
import { metricsExample } from '../examples.ts'
import type { ModelDesk } from '../model-desk.ts'
import { modelMetrics } from '../model-metrics.ts'
import { type MetricFamily, PROMETHEUS_CONTENT_TYPE, prometheusText } from '../prometheus-text.ts'
import { workerMetrics } from '../worker-metrics.ts'

export interface MetricsRouteDeps {
  readonly lookup: CustomerLookup
  readonly partitions: number
  readonly models: ModelDesk
  readonly now: () => number
  readonly version: string
  readonly requestMetrics: () => MetricFamily
}

/** Everything that is worth a graph or an alarm, of this server and of the workers. Answers while Redis is away, too. */
export function metricsRoute(app: App, deps: MetricsRouteDeps): void {
  app.get(
    '/metrics',
    {
      config: { access: 'local' },
      schema: {
        tags: ['operations'],
        summary: 'Metrics in Prometheus’ text format',
        response: {
          200: {
            description: 'The text format, version 0.0.4.',
            content: { 'text/plain': { schema: Type.String(), example: metricsExample } },
          },
          ...UNAUTHORIZED_ERROR,
        },
      },
    },
    async (_request, reply) => {
      const { lookup, partitions, models, now, requestMetrics } = deps
      // The scrape itself must not fail with Redis: everscore_redis_up says it.
      const installation = await lookup.installation(partitions).catch(() => null)
      const families = [
        ...processMetrics(deps),
        requestMetrics(),
        ...workerMetrics(installation, partitions, now()),
        ...modelMetrics(models.watches),
      ]
      return reply.type(PROMETHEUS_CONTENT_TYPE).send(prometheusText(families))
    },
  )
}

function processMetrics({ now, version }: MetricsRouteDeps): MetricFamily[] {
  const { user, system } = process.cpuUsage()
  const metric = (name: string, type: 'counter' | 'gauge', help: string, value: number): MetricFamily => ({
    name,
    type,
    help,
    samples: [{ value }],
  })
  return [
    {
      name: 'everscore_build_info',
      type: 'gauge',
      help: 'Always 1; the label says the version.',
      samples: [{ labels: { version }, value: 1 }],
    },
    metric('process_cpu_seconds_total', 'counter', 'CPU time of this server.', (user + system) / 1_000_000),
    metric('process_resident_memory_bytes', 'gauge', 'Memory of this server.', process.memoryUsage.rss()),
    metric(
      'process_start_time_seconds',
      'gauge',
      'When this server started, epoch seconds.',
      now() / 1_000 - process.uptime(),
    ),
  ]
}
