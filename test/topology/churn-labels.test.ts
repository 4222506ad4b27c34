import fc from 'fast-check'
import { expect, it } from 'vitest'
import { computeFeatures } from '../../models/compute-features.ts'
import { FEATURE_COUNT, FEATURES } from '../../models/features.ts'
import type { TrainingExample } from '../../schemas/avro/training-example.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { parseSettings } from '../../schemas/settings.ts'
import { createDriver } from '../driver.ts'
import { DAY, HOUR, interaction, NOON, outcome, profile, transaction } from '../processors/build-event.ts'
import { expectedLabels, type Logged } from '../processors/churn-oracle.ts'

const KINDS = ['CONVERTED', 'LOST', 'CHURNED', 'RETAINED'] as const

/** What happened, how long after the event before it (some come late), to whom. */
const anyLog = fc.array(
  fc.record({
    what: fc.constantFrom('buy', 'buy', 'buy', 'refund', 'view', 'view', 'profile', 'outcome'),
    after: fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 0, max: 20 * 24 }) },
      { weight: 1, arbitrary: fc.integer({ min: -60 * 24, max: -1 }) },
    ),
    customerId: fc.constantFrom('ada', 'bob', 'eve'),
    kind: fc.constantFrom(...KINDS),
  }),
  { minLength: 1, maxLength: 60 },
)

function eventsOf(log: typeof anyLog extends fc.Arbitrary<infer T> ? T : never): InputEvent[] {
  let occurredAt = NOON
  return log.map(({ what, after, customerId, kind }): InputEvent => {
    occurredAt += after * HOUR
    const fields = { occurredAt, customerId }
    if (what === 'view') return { topic: 'interactions', event: interaction(fields) }
    if (what === 'profile') return { topic: 'profiles', event: profile({ ...fields, traits: { visits: after } }) }
    if (what === 'outcome') return { topic: 'outcomes', event: outcome({ ...fields, kind }) }
    return { topic: 'transactions', event: transaction({ ...fields, type: what === 'buy' ? 'PURCHASE' : 'REFUND' }) }
  })
}

const anyChurnLabels = fc.constantFrom(
  { horizonMs: 90 * DAY, snapshotEveryMs: 30 * DAY },
  { horizonMs: 20 * DAY, snapshotEveryMs: 20 * DAY },
  { horizonMs: 30 * DAY, snapshotEveryMs: DAY },
)

const sorted = <T extends { readonly customerId: string; readonly at: number }>(all: readonly T[]): T[] =>
  all.toSorted((a, b) => a.at - b.at || (a.customerId < b.customerId ? -1 : 1))

it('labels are those that brute force reads from the log, each told once and only when its horizon is over', () => {
  let told = 0
  fc.assert(
    fc.property(anyLog, anyChurnLabels, fc.integer({ min: 0, max: 200 }), (log, churnLabels, quietDays) => {
      const driver = createDriver({ settings: parseSettings({ clock: 'event', churnLabels }), now: NOON + 9_000 * DAY })
      const logged: Logged[] = []
      const examples: TrainingExample[] = []
      const snapshots = new Map<string, TrainingExample['features']>()
      const features = new Float64Array(FEATURE_COUNT)
      let reached = 0
      const take = () => {
        for (const example of driver.read('training-examples')) {
          if (!example.eventId.startsWith('horizon:')) continue
          expect(example.knownAt).toBeLessThan(reached)
          expect(example.features).toEqual(snapshots.get(`${example.customerId}@${example.at}`))
          examples.push(example)
        }
      }
      for (const input of eventsOf(log)) {
        const { customerId, occurredAt } = input.event
        if (driver.pipe(input.topic, input.event as never).kind !== 'forward') continue
        reached = Math.max(reached, occurredAt)
        take()
        const record = driver.read('customers').find(({ cause }) => cause === 'event')!
        logged.push({ input, asOf: record.asOf })
        computeFeatures(driver.state('shop', customerId)!, occurredAt, features)
        // The first event of a moment makes the snapshot.
        const key = `${customerId}@${occurredAt}`
        const isOpen = driver.state('shop', customerId)!.openSnapshots.includes(occurredAt + churnLabels.horizonMs)
        if (isOpen && !snapshots.has(key)) {
          snapshots.set(key, Object.fromEntries(FEATURES.map(({ name }, i) => [name, features[i]!])))
        }
      }
      reached += quietDays * DAY
      driver.passTime(reached)
      take()
      const found = examples.map(({ customerId, at, knownAt, label }) => ({ customerId, at, knownAt, label }))
      expect(sorted(found)).toEqual(sorted(expectedLabels(logged, churnLabels, reached)))
      told += found.length
    }),
    { numRuns: 400, seed: 60 },
  )
  expect(told).toBeGreaterThan(400)
})

it('who never bought has no snapshot, and snapshotEveryMs 0 takes none', () => {
  const driver = createDriver({ now: NOON + 900 * DAY })
  driver.pipe('interactions', interaction())
  driver.passTime(NOON + 500 * DAY)
  expect(driver.read('training-examples')).toEqual([])
  const settings = parseSettings({ churnLabels: { snapshotEveryMs: 0 } })
  const without = createDriver({ settings, now: NOON + 900 * DAY })
  without.pipe('transactions', transaction())
  without.passTime(NOON + 500 * DAY)
  expect(without.read('training-examples')).toEqual([])
})

it.each([
  [{ horizonMs: DAY, snapshotEveryMs: 2 * DAY }, 'must not be more than horizonMs'],
  [{ horizonMs: 90 * DAY, snapshotEveryMs: DAY }, 'must be 0 or at least a 36th of horizonMs'],
])('refuses %o', (churnLabels, problem) => {
  expect(() => parseSettings({ churnLabels })).toThrow(`churnLabels.snapshotEveryMs ${problem}`)
})
