import type { ModelWatch } from '../schemas/model-watch.ts'
import type { MetricFamily, Sample } from './prometheus-text.ts'

/** What is seen of the models in use, as metrics. @param watches by `<tenantId>/<kind>` */
export function modelMetrics(watches: ReadonlyMap<string, ModelWatch>): MetricFamily[] {
  const gauge = (
    name: string,
    help: string,
    samplesOf: (watch: ModelWatch) => readonly { readonly labels?: Record<string, string>; readonly value: number }[],
  ): MetricFamily => ({
    name,
    type: 'gauge',
    help,
    samples: [...watches].flatMap(([key, watch]): Sample[] => {
      const [tenant, kind] = key.split('/') as [string, string]
      return samplesOf(watch).map(({ labels, value }) => ({ labels: { tenant, kind, ...labels }, value }))
    }),
  })
  const known = (value: number | null | undefined): { value: number }[] =>
    value === null || value === undefined ? [] : [{ value }]
  return [
    gauge('everscore_model_alert', 'Always 1; the label says what of a model in use is beyond its limit.', (watch) =>
      watch.alerts.map(({ name }) => ({ labels: { alert: name }, value: 1 })),
    ),
    gauge('everscore_model_psi', 'Population stability index against what the model was made for.', (watch) =>
      watch.drift.map(({ name, psi }) => ({ labels: { feature: name }, value: psi })),
    ),
    gauge('everscore_model_missing_share', 'Share of missing values.', (watch) =>
      watch.drift.map(({ name, missing }) => ({ labels: { feature: name }, value: missing })),
    ),
    gauge('everscore_model_calibration_error', 'Expected calibration error of the newest labelled scores.', (watch) =>
      known(watch.calibration?.calibrationError),
    ),
    gauge(
      'everscore_model_scoring_latency_seconds',
      'From arrival in Kafka to the score, of samples.',
      ({ latency }) =>
        latency === null
          ? []
          : [
              { labels: { quantile: '0.5' }, value: latency.p50Ms / 1_000 },
              { labels: { quantile: '0.95' }, value: latency.p95Ms / 1_000 },
              { labels: { quantile: '0.99' }, value: latency.p99Ms / 1_000 },
            ],
    ),
    gauge('everscore_model_shadow_difference', 'Mean absolute difference of shadow and served score.', (watch) =>
      known(watch.shadow?.meanAbsoluteDifference),
    ),
  ]
}
