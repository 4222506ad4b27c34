const metrics = { examples: 400, positives: 130, auc: 0.842, logLoss: 0.437, brier: 0.139, calibrationError: 0.028 }
const championMetrics = {
  examples: 400,
  positives: 130,
  auc: 0.711,
  logLoss: 0.561,
  brier: 0.188,
  calibrationError: 0.091,
}
const training = {
  from: 1_767_225_600_000,
  to: 1_772_323_200_000,
  examples: 1_200,
  positives: 390,
  penalty: 30,
  leaks: [],
}

export const modelsExample = {
  models: [
    {
      kind: 'lead',
      modelVersion: 'lead-2026-03-01T02:00:00.000Z',
      pin: null,
      decisions: [
        {
          version: 'lead-2026-03-01T02:00:00.000Z',
          at: 1_772_330_400_000,
          cause: 'count',
          promoted: true,
          reasons: ['log loss 0.5610 → 0.4370, smaller by 0.1240 ± 0.0180', 'AUC 0.7110 → 0.8420'],
          champion: null,
          metrics,
          championMetrics,
          training,
        },
      ],
      shadow: null,
      watch: {
        modelVersion: 'lead-2026-03-01T02:00:00.000Z',
        at: 1_772_416_800_000,
        samples: 4_000,
        customers: 1_870,
        reference: 'scored',
        drift: [
          { name: 'traits.plan', psi: 0.31, missing: 0.02, missingInReference: 0.02 },
          { name: 'score', psi: 0.08, missing: 0, missingInReference: 0 },
        ],
        calibration: { examples: 320, meanProbability: 0.31, rate: 0.29, brier: 0.148, calibrationError: 0.021 },
        latency: { samples: 900, p50Ms: 12, p95Ms: 31, p99Ms: 60 },
        shadow: null,
        alerts: [{ name: 'drift:traits.plan', value: 0.31, limit: 0.2, since: 1_772_410_000_000 }],
      },
      versions: [{ version: 'lead-2026-03-01T02:00:00.000Z', metrics, training }],
    },
  ],
  refresh: { partitions: 1, looked: 1_500, of: 4_000 },
}

export const trainingExample = {
  requestId: '0c8cbd5e-3a2c-4a57-8f5b-5bb34f1f4f0a',
  state: 'training',
  progress: 0.4,
  reasons: [],
  version: 'lead-2026-03-01T02:00:00.000Z',
  at: 1_772_330_400_000,
}

const contribution = { feature: 'demo_requests', value: 0.6, contribution: 1.68 }
const explained = {
  modelVersion: 'lead-prior-1',
  isStored: true,
  probability: 0.7126566577,
  logOdds: 0.909,
  baseline: -3,
  class: 'B',
  contributions: [{ ...contribution, text: 'recent demo requests: 0.8, raises the score' }],
  acts: [{ act: 'meeting', probability: 0.85, gain: 0.137, class: 'A' }],
}

export const explainExample = {
  customerId: 'c-1001',
  asOf: 1_768_478_400_000,
  lead: explained,
  churn: { ...explained, modelVersion: 'churn-prior-1', class: 'Low', acts: [] },
}
