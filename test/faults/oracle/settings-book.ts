/** The settings of a tenant as docs/settings.md lists them, as far as results depend on them. */
export interface Settings {
  readonly version: number
  readonly clock: 'wall' | 'event'
  readonly currency: string | null
  readonly reasons: number
  readonly thresholds: {
    readonly lead: readonly number[]
    readonly churn: readonly number[]
    readonly tier: readonly number[]
  }
  readonly margins: { readonly lead: number; readonly churn: number; readonly tier: number }
  readonly minIntervalMs: { readonly lead: number; readonly churn: number }
  readonly population: {
    readonly loyaltyWeights: { readonly recency: number; readonly frequency: number; readonly monetary: number }
  }
  readonly sessionGapMs: number
  readonly maxAheadMs: number
  readonly minOccurredAt: number
  readonly limits: { readonly traitNameBytes: number; readonly traitValueBytes: number }
  readonly windows: { readonly graceMs: number; readonly offsetMs: number }
  readonly nps: WindowSizes & {
    readonly groupBy: readonly string[]
    readonly groupValueBytes: number
    readonly surveyAttribute: string
    readonly replaceAnswers: boolean
    readonly replaceAnswersOf: Readonly<Record<string, boolean>>
    readonly bands: readonly { readonly from: number; readonly name: string }[]
  }
  readonly crossSell: WindowSizes & { readonly maxOrderItems: number; readonly orders: number }
}

export interface WindowSizes {
  readonly tumblingMs: readonly number[]
  readonly hopping: readonly { readonly sizeMs: number; readonly hopMs: number }[]
}

const DAY_MS = 86_400_000

/** docs/settings.md written out again, so that a changed default is noticed. */
const DEFAULTS: Settings = {
  version: 0,
  clock: 'wall',
  currency: null,
  reasons: 3,
  thresholds: { lead: [0.25, 0.4, 0.6, 0.75], churn: [0.25, 0.6], tier: [0.3, 0.5, 0.7, 0.85] },
  margins: { lead: 0.02, churn: 0.02, tier: 0.02 },
  population: { loyaltyWeights: { recency: 0.2, frequency: 0.3, monetary: 0.25 } },
  minIntervalMs: { lead: 0, churn: 0 },
  sessionGapMs: 1_800_000,
  maxAheadMs: 3_600_000,
  minOccurredAt: 0,
  limits: { traitNameBytes: 128, traitValueBytes: 1_024 },
  windows: { graceMs: DAY_MS, offsetMs: 0 },
  nps: {
    tumblingMs: [DAY_MS],
    hopping: [{ sizeMs: 7 * DAY_MS, hopMs: DAY_MS }],
    groupBy: ['region', 'plan', 'channel'],
    groupValueBytes: 128,
    surveyAttribute: 'survey',
    replaceAnswers: true,
    replaceAnswersOf: {},
    bands: [
      { from: 70, name: 'excellent' },
      { from: 50, name: 'great' },
      { from: 30, name: 'good' },
      { from: 0, name: 'needs work' },
      { from: -100, name: 'critical' },
    ],
  },
  crossSell: { tumblingMs: [7 * DAY_MS], hopping: [], maxOrderItems: 1_000, orders: 5 },
}

/** Every version that was ever written to the topic `settings`, which must not have been compacted. */
export class SettingsBook {
  readonly #versions = new Map<string, Settings>()
  readonly #newest = new Map<string, Settings>()

  /** @param records key and value of the topic `settings` in its order; values are JSON */
  constructor(records: readonly { readonly key: Buffer | null; readonly value: Buffer | null }[]) {
    for (const { key, value } of records) {
      if (key === null || value === null) continue
      const given = JSON.parse(value.toString()) as Partial<Settings>
      const settings: Settings = {
        ...DEFAULTS,
        version: 1,
        ...given,
        thresholds: { ...DEFAULTS.thresholds, ...given.thresholds },
        margins: { ...DEFAULTS.margins, ...given.margins },
        minIntervalMs: { ...DEFAULTS.minIntervalMs, ...given.minIntervalMs },
        population: { loyaltyWeights: { ...DEFAULTS.population.loyaltyWeights, ...given.population?.loyaltyWeights } },
        limits: { ...DEFAULTS.limits, ...given.limits },
        windows: { ...DEFAULTS.windows, ...given.windows },
        nps: { ...DEFAULTS.nps, ...given.nps },
        crossSell: { ...DEFAULTS.crossSell, ...given.crossSell },
      }
      this.#versions.set(`${key.toString()}/${settings.version}`, settings)
      this.#newest.set(key.toString(), settings)
    }
  }

  /** Undefined for a version that was never published. */
  of(tenantId: string, version: number): Settings | undefined {
    return this.#versions.get(`${tenantId}/${version}`) ?? (version === 0 ? DEFAULTS : undefined)
  }

  newest(tenantId: string): Settings {
    return this.#newest.get(tenantId) ?? DEFAULTS
  }
}
