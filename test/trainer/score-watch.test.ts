import { describe, expect, test } from 'vitest'
import { seeded } from '../../bench/random.ts'
import { FEATURE_COUNT } from '../../models/features.ts'
import { compileModel } from '../../models/linear-model.ts'
import { ModelCatalogue } from '../../models/model-catalogue.ts'
import { scoreModel } from '../../models/score.ts'
import type { ScoreSample } from '../../schemas/avro/score-sample.ts'
import type { TrainingExample } from '../../schemas/avro/training-example.ts'
import type { ModelAlert, ModelWatch } from '../../schemas/model-watch.ts'
import { parseModelWatch } from '../../schemas/model-watch.ts'
import { servedKey, shadowKey, versionKey } from '../../schemas/served-model.ts'
import { parseSettings, type TenantSettings } from '../../schemas/settings.ts'
import { ScoreWatch, type WatchRecord } from '../../trainer/score-watch.ts'
import { trainModel } from '../../training/train-model.ts'
import { examplesOfTruth } from '../training/build-examples.ts'

const trained = trainModel(examplesOfTruth(1_500, 1).examples, { name: 'lead', kind: 'lead', version: 'lead-1' })
const compiled = compileModel(trained)
const NO_FEATURES = new Float64Array(FEATURE_COUNT).fill(Number.NaN)
const NOW = 1_800_000_000_000

/** A watch over one tenant whose model is `lead-1`, on a clock of the test. */
class World {
  now = NOW
  readonly catalogue = new ModelCatalogue()
  readonly written: WatchRecord[] = []
  readonly watch: ScoreWatch
  #event = 0

  constructor(settings: TenantSettings = parseSettings({}), known = new Map<string, ModelWatch>()) {
    this.watch = new ScoreWatch(
      {
        catalogue: this.catalogue,
        settings: () => settings,
        known,
        publish: async (records) => {
          this.written.push(...records)
        },
        now: () => this.now,
        log: () => {},
      },
      1_000,
    )
  }

  /** As the trainer does when a model wins. */
  promote(): void {
    const model = this.watch.withReference('shop', trained)
    this.catalogue.apply(versionKey('shop', 'lead', 'lead-1'), model, 0)
    this.catalogue.apply(servedKey('shop', 'lead'), { serving: 'lead-1', consideredUntil: 0, decisions: [] }, 1)
  }

  sample(customer: number, traits: ScoreSample['traits'], probability: number, more: Partial<ScoreSample> = {}): void {
    const { lead } = this.catalogue.models('shop')
    this.watch.addSample({
      tenantId: 'shop',
      customerId: `c-${customer}`,
      eventId: `e-${this.#event++}`,
      at: this.now,
      arrivedAt: this.now - 20,
      scoredAt: this.now,
      features: {},
      traits,
      lead: { modelVersion: lead.version, probability, shadowVersion: null, shadowProbability: null },
      churn: { modelVersion: 'churn-prior-1', probability: 0.5, shadowVersion: null, shadowProbability: null },
      ...more,
    })
  }

  /** Customers with some events each, drawn anew by the seed. @param shift of what `seats` says */
  stream(seed: number, customers: number, shift = 0): void {
    const random = seeded(seed)
    for (let i = 0; i < customers; i++) {
      const plan = ['free', 'pro', 'team', 'trial'][Math.floor(random() * 4)]!
      const seats = random() < 0.2 ? null : Math.round(random() * 40 + shift)
      const known = Object.entries({ plan, seats }).map(([name, value]) => ({ name, value, at: 0 }))
      const probability = scoreModel(compiled, NO_FEATURES, known)
      // What a customer is like stays from one of his events to the next: they aren't independent.
      const events = 1 + Math.floor(random() * 4)
      for (let e = 0; e < events; e++) this.sample(seed * 10_000 + i, { plan, seats }, probability)
    }
  }

  async look(): Promise<ModelWatch> {
    this.now += 1_000
    await this.watch.tick()
    const last = this.written.findLast(({ topic, key }) => topic === 'model-watch' && key === 'shop/lead')
    return parseModelWatch(last!.value)
  }

  get alerts(): ModelAlert[] {
    return this.written.flatMap(({ topic, value }) => (topic === 'alerts' ? [value as ModelAlert] : []))
  }
}

const names = ({ alerts }: ModelWatch): string[] => alerts.map(({ name }) => name)

describe('drift', () => {
  test('a stream that stays as it is raises nothing, draw after draw; one that moves raises what moved', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const world = new World()
      world.stream(seed, 600)
      world.promote()
      world.stream(1_000 + seed, 600)
      const calm = await world.look()
      expect(calm).toMatchObject({ reference: 'scored', customers: 600 })
      expect([seed, ...names(calm)]).toEqual([seed])
    }
    const world = new World()
    world.stream(1, 600)
    world.promote()
    world.stream(2, 600, 20)
    const moved = await world.look()
    expect(names(moved)).toEqual(['drift:score', 'drift:traits.seats'])
    expect(world.alerts).toMatchObject([
      { name: 'drift:score', state: 'raised', tenantId: 'shop', kind: 'lead', modelVersion: 'lead-1' },
      { name: 'drift:traits.seats', state: 'raised' },
    ])
    expect(world.watch.asksForTraining('shop', 'lead')).toBe(true)
    expect(world.watch.asksForTraining('shop', 'churn')).toBe(false)
  })

  test('below the least number of customers nothing is alarming, however many events they have', async () => {
    const world = new World()
    world.stream(1, 600)
    world.promote()
    for (let i = 0; i < 3_000; i++) world.sample(i % 400, { plan: 'pro', seats: 200 }, 0.99)
    expect(names(await world.look())).toEqual([])
  })

  test('an alert is told once, over a restart too, and cleared when the stream is as it was', async () => {
    const world = new World()
    world.stream(1, 600)
    world.promote()
    world.stream(2, 700, 20)
    const raised = await world.look()
    world.stream(3, 20, 20)
    await world.look()
    expect(world.alerts).toHaveLength(2)

    const again = new World(parseSettings({}), new Map([['shop/lead', raised]]))
    for (const [key, value] of [
      [versionKey('shop', 'lead', 'lead-1'), { ...trained, reference: trained.reference }],
      [servedKey('shop', 'lead'), { serving: 'lead-1', consideredUntil: 0, decisions: [] }],
    ] as const) {
      again.catalogue.apply(key, value, 0)
    }
    // Too few to judge by: what was raised stays.
    again.stream(4, 50)
    expect((await again.look()).alerts).toEqual(raised.alerts)
    expect(again.alerts).toEqual([])

    world.stream(5, 3_000)
    expect(names(await world.look())).toEqual([])
    expect(world.alerts.slice(2).map(({ name, state }) => [name, state])).toEqual([
      ['drift:score', 'cleared'],
      ['drift:traits.seats', 'cleared'],
    ])
  })

  test('what the settings say goes: other limits, and no training because of it', async () => {
    const world = new World(parseSettings({ watch: { psi: 10, missing: 1, retrain: false } }))
    world.stream(1, 600)
    world.promote()
    world.stream(2, 600, 20)
    expect(names(await world.look())).toEqual([])
    expect(world.watch.asksForTraining('shop', 'lead')).toBe(false)
  })
})

describe('calibration and latency', () => {
  const label = (world: World, i: number, probability: number, rate: number, modelVersion = 'lead-1'): void => {
    const example: TrainingExample = {
      tenantId: 'shop',
      customerId: `l-${i}`,
      kind: 'lead',
      eventId: `o-${i}`,
      at: trained.training!.to + 1,
      knownAt: trained.training!.to + 2,
      label: (i * 7) % 10 < 10 * rate ? 1 : 0,
      features: {},
      traits: {},
      modelVersion,
      probability,
    }
    world.watch.addExample(example)
  }

  test('scores that come true are quiet; scores that do not, of this version and beyond chance, raise', async () => {
    const world = new World()
    world.promote()
    for (let i = 0; i < 400; i++) label(world, i, 0.3, 0.3)
    const calm = await world.look()
    expect(calm.calibration).toMatchObject({ examples: 400, rate: 0.3 })
    expect(calm.calibration!.meanProbability).toBeCloseTo(0.3, 12)
    expect(names(calm)).toEqual([])
    for (let i = 0; i < 400; i++) label(world, i, 0.3, 0.9, 'another')
    expect(names(await world.look())).toEqual([])
    for (let i = 0; i < 400; i++) label(world, i, 0.3, 0.6)
    expect(names(await world.look())).toEqual(['calibration'])
  })

  test('events that wait too long for their scores raise', async () => {
    const world = new World(parseSettings({ watch: { latencyMs: 1_000 } }))
    world.promote()
    for (let i = 0; i < 100; i++) world.sample(i, {}, 0.5)
    expect(await world.look()).toMatchObject({ latency: { samples: 100, p50Ms: 20, p95Ms: 20 }, alerts: [] })
    for (let i = 0; i < 10; i++) world.sample(i, {}, 0.5, { arrivedAt: world.now - 5_000 })
    expect(names(await world.look())).toEqual(['latency'])
    expect(world.watch.asksForTraining('shop', 'lead')).toBe(false)
  })
})

test('a shadow is compared with what was served: only of this pair of versions', async () => {
  const world = new World()
  world.promote()
  world.catalogue.apply(versionKey('shop', 'lead', 'lead-2'), { ...trained, version: 'lead-2' }, 2)
  world.catalogue.apply(shadowKey('shop', 'lead'), { version: 'lead-2', at: 1 }, 3)
  const both = (served: number, shadow: number, version = 'lead-2'): Partial<ScoreSample> => ({
    lead: { modelVersion: 'lead-1', probability: served, shadowVersion: version, shadowProbability: shadow },
  })
  world.sample(1, {}, 0, both(0.2, 0.3))
  world.sample(2, {}, 0, both(0.5, 0.7))
  world.sample(3, {}, 0, both(0.8, 0.7))
  world.sample(4, {}, 0, both(0.1, 0.9, 'lead-0'))
  world.sample(5, {}, 0.4)
  const { shadow } = await world.look()
  // Grades F→D, C→B, A→B at the default edges .25 .4 .6 .75.
  expect(shadow).toMatchObject({ version: 'lead-2', samples: 3, raised: 2, lowered: 1 })
  expect(shadow!.meanDifference).toBeCloseTo(0.2 / 3, 12)
  expect(shadow!.meanAbsoluteDifference).toBeCloseTo(0.4 / 3, 12)
  expect(shadow!.mostAbsoluteDifference).toBeCloseTo(0.2, 12)
  // Σ xy / √(Σ x² Σ y²) of (−.3, 0, .3) and (−4/15, 2/15, 2/15)
  expect(shadow!.correlation).toBeCloseTo(0.12 / Math.sqrt(0.18 * (24 / 225)), 12)
})
