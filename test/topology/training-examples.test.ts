import { expect, test } from 'vitest'
import { computeFeatures } from '../../models/compute-features.ts'
import { FEATURE_COUNT, FEATURES } from '../../models/features.ts'
import { createDriver } from '../driver.ts'
import { DAY, HOUR, interaction, NOON, outcome, profile, transaction } from '../processors/build-event.ts'

const driverAt = () => createDriver({ now: NOON + 30 * DAY })

test('an outcome takes the customer as he was at his newest event before it', () => {
  const driver = driverAt()
  driver.pipe('profiles', profile({ traits: { plan: 'pro', seats: 7, trial: false } }))
  driver.pipe('interactions', interaction({ type: 'demo_request', occurredAt: NOON + HOUR }))
  const features = new Float64Array(FEATURE_COUNT)
  computeFeatures(driver.state('shop', 'ada')!, NOON + HOUR, features)
  const [before] = driver.read('customers').slice(-1)
  const event = outcome({ occurredAt: NOON + 3 * DAY })
  driver.pipe('outcomes', event)
  expect(driver.read('training-examples')).toEqual([
    {
      tenantId: 'shop',
      customerId: 'ada',
      kind: 'lead',
      eventId: event.eventId,
      at: NOON + HOUR,
      knownAt: NOON + 3 * DAY,
      label: 1,
      features: Object.fromEntries(FEATURES.map(({ name }, i) => [name, features[i]])),
      traits: { plan: 'pro', seats: 7, trial: false },
      modelVersion: before!.lead.modelVersion,
      probability: before!.lead.probability,
    },
  ])
  expect(features[FEATURES.findIndex(({ name }) => name === 'demo_requests')]).toBeCloseTo(Math.log(2), 12)
})

test('each kind of outcome is a label of its model', () => {
  const driver = driverAt()
  driver.pipe('transactions', transaction())
  for (const kind of ['CONVERTED', 'LOST', 'CHURNED', 'RETAINED'] as const) {
    driver.pipe('outcomes', outcome({ kind, occurredAt: NOON + HOUR }))
  }
  expect(driver.read('training-examples').map(({ kind, label }) => `${kind} ${label}`)).toEqual([
    'lead 1',
    'lead 0',
    'churn 1',
    'churn 0',
  ])
})

test('an outcome that is late, seen before, refused or of nobody known makes no example', () => {
  const driver = driverAt()
  driver.pipe('outcomes', outcome({ customerId: 'nobody' }))
  driver.pipe('interactions', interaction({ occurredAt: NOON + HOUR }))
  driver.pipe('outcomes', outcome({ occurredAt: NOON + HOUR - 1 }))
  driver.pipe('outcomes', outcome({ occurredAt: NOON + 60 * DAY }))
  expect(driver.read('training-examples')).toEqual([])
  const once = outcome({ occurredAt: NOON + DAY })
  expect(driver.pipe('outcomes', once).kind).toBe('forward')
  expect(driver.pipe('outcomes', once).kind).toBe('drop')
  expect(driver.read('training-examples')).toHaveLength(1)
})
