/** What answers look like; a test holds them against the schemas they stand in. */

const lead = {
  probability: 0.7126566577,
  score: 71,
  grade: 'B',
  modelVersion: 'lead-prior-1',
  reasons: [{ feature: 'demo_requests', value: 0.6, contribution: 1.68 }],
}
const churn = {
  risk: 0.0806397604,
  band: 'Low',
  modelVersion: 'churn-prior-1',
  reasons: [{ feature: 'engagement_30d', value: 2.6358265164, contribution: -0.790747955 }],
}
const rfm = {
  recencyDays: 1,
  frequency: 1,
  monetaryMinor: 2500,
  currency: 'GBP',
  r: null,
  f: null,
  m: null,
  segment: null,
}
const why = {
  features: { demo_requests: 0.6, days_inactive: 0 },
  contributions: {
    lead: { demo_requests: 1.68, days_inactive: 0 },
    churn: { demo_requests: 0, days_inactive: 0 },
  },
  baselines: { lead: -3, churn: -1 },
  clv: {
    modelVersion: 'clv-20260101',
    horizonDays: 365,
    probabilityAlive: null,
    expectedPurchases: 3.7,
    nextPurchaseMedianAt: 1_773_705_600_000,
    nextPurchaseMeanAt: null,
    expectedOrderMinor: 3120,
    clvMinor: 11_544,
    currency: 'GBP',
  },
}
const asOf = 1_768_478_400_000
const tenDaysLater = asOf + 10 * 86_400_000

export const customerExample = {
  tenantId: 'default',
  customerId: 'c-1001',
  eventId: 'e-20260115-7',
  cause: 'event',
  occurredAt: asOf,
  asOf,
  scoredAt: asOf + 12,
  settingsVersion: 0,
  thresholdsVersion: 0,
  rfm,
  lead,
  churn,
  loyalty: null,
  ...why,
  now: {
    asOf: tenDaysLater,
    rfm: { ...rfm, recencyDays: 11 },
    lead: { ...lead, probability: 0.4026357959, score: 40, grade: 'C' },
    churn: { ...churn, risk: 0.2881653111, band: 'Medium' },
    ...why,
  },
}

export const rfmExample = {
  tenantId: 'default',
  customerId: 'c-1001',
  asOf,
  thresholdsVersion: 0,
  ...rfm,
  loyalty: null,
  now: { asOf: tenDaysLater, recencyDays: 11 },
}

export const manyExample = { found: [customerExample], missing: ['c-404'], rebuilding: [], partial: false }

export const topExample = {
  by: 'lead',
  items: [{ customerId: 'c-1001', value: 0.712656658, asOf, lead, churn }],
  next: 'WyJsZWFkIiw3MTI2NTY2NTgsIll5MHhNREF4Il0',
  partial: false,
}

export const npsExample = {
  window: '7d',
  items: [
    {
      tenantId: 'default',
      surveyKind: 'NPS',
      groupKey: null,
      groupValue: null,
      windowStart: 1_768_176_000_000,
      windowEnd: 1_768_780_800_000,
      windowHopMs: 86_400_000,
      promoters: 120,
      passives: 50,
      detractors: 30,
      total: 200,
      nps: 45,
      npsLow: 34.1,
      npsHigh: 54.9,
      band: 'good',
      final: false,
      revision: 0,
      updatedAt: 1_768_478_400_000,
    },
  ],
  truncated: false,
}

export const crossSellExample = {
  level: 'item',
  id: '22423',
  windowStart: 0,
  windowEnd: null,
  orders: 2013,
  totalOrders: 20_136,
  partners: [
    {
      id: '22699',
      orders: 403,
      ordersOfIt: 879,
      support: 0.02,
      confidence: 0.2,
      confidenceBack: 0.458,
      lift: 4.59,
      maxError: 0,
      final: false,
      revision: 0,
    },
  ],
}

export const crossSellMatrixExample = {
  level: 'item',
  metric: 'confidence',
  windowStart: 0,
  windowEnd: null,
  ids: ['85123A', '22423', '22699'],
  orders: [2135, 2013, 879],
  matrix: [
    [1, 0.18, 0.05],
    [0.19, 1, 0.2],
    [0.12, 0.458, 1],
  ],
  totalOrders: 20_136,
  maxError: 0,
  final: false,
  truncated: true,
  generatedAt: 1_768_478_400_000,
}

const latency = { p50Ms: 4, p95Ms: 9.5, p99Ms: 20.7, count: 120_000 }

export const topicsExample = {
  topics: [
    {
      topic: 'interactions',
      lag: 3,
      partitions: [{ partition: 0, position: 1_204, end: 1_207, lag: 3, workerId: 'w-1' }],
    },
  ],
  latency: { ingestToScore: latency, ingestToVisible: latency },
  unowned: [],
  partial: false,
}

export const healthExample = {
  status: 'ok',
  version: '0.1.0',
  dependencies: {
    redis: { state: 'up' },
    workers: {
      state: 'up',
      live: [{ workerId: 'w-1', version: '0.1.0', ageMs: 912, partitions: [0, 1] }],
      unowned: [],
      rebuilding: [],
      failing: [],
      unreadable: [],
    },
    aggregates: {
      state: 'up',
      partitions: [
        { partition: 0, state: 'running', workerId: 'w-1', lag: 0 },
        { partition: 1, state: 'running', workerId: 'w-1', lag: 3 },
      ],
      unowned: [],
      rebuilding: [],
      failing: [],
    },
  },
}

export const metricsExample = `# HELP everscore_redis_up 1 if Redis answers this server.
# TYPE everscore_redis_up gauge
everscore_redis_up 1
`
