import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { wouldMove } from '../../models/standing.ts'
import type { Customer } from '../../schemas/avro/customer.ts'
import { DEFAULT_SETTINGS } from '../../schemas/settings.ts'
import type { Thresholds } from '../../schemas/thresholds.ts'
import { createDriver, type Driver } from '../driver.ts'
import { anyHistory } from '../processors/any-history.ts'
import { DAY, interaction, NOON, transaction } from '../processors/build-event.ts'
import { evenly, thresholds } from '../processors/build-thresholds.ts'

/** Thresholds of populations that differ in what they paid and how often they bought. */
const anyThresholds: fc.Arbitrary<Thresholds> = fc
  .record({
    version: fc.integer({ min: 1, max: 99 }),
    mostBought: fc.integer({ min: 2, max: 12 }),
    mostPaid: fc.integer({ min: 1_000, max: 400_000 }),
    segments: fc.constantFrom<number[]>([7, 9, 11], [5, 8, 12]),
  })
  .map(({ version, mostBought, mostPaid, segments }) => {
    const paid = evenly(-mostPaid, mostPaid)
    const monetary = { GBP: paid, EUR: paid, JPY: paid }
    return thresholds({ version, segments, frequency: evenly(0, mostBought), monetary })
  })

const keysOf = (records: readonly { customerId: string }[]): string[] => records.map(({ customerId }) => customerId)

describe('new thresholds', () => {
  it('move those whom they concern without an event, once, and nobody else', () => {
    const driver = createDriver({ now: NOON, thresholds: thresholds() })
    driver.pipe('transactions', transaction({ customerId: 'small', amountMinor: 1_000 }))
    driver.pipe('transactions', transaction({ customerId: 'large', amountMinor: 99_000 }))
    driver.pipe('interactions', interaction({ customerId: 'looker' }))
    const before = new Map(driver.read('customers').map((customer) => [customer.customerId, customer]))
    driver.read('score-changes')

    driver.useThresholds(thresholds({ version: 2, asOf: NOON + DAY, monetary: { GBP: evenly(0, 5_000) } }))
    driver.sweep()
    const [moved, ...others] = driver.read('customers')
    expect(others).toEqual([])
    const was = before.get('small')!
    expect(moved).toMatchObject({
      customerId: 'small',
      eventId: 'population:shop/small:2',
      cause: 'population',
      occurredAt: NOON + DAY,
      thresholdsVersion: 2,
      rfm: { ...was.rfm, m: 1, segment: 'Promising' },
      loyalty: { score: expect.closeTo((0.2 + 0.25 * 0.2) / 0.75, 9), tier: 'Bronze' },
    })
    driver.sweep()
    expect(driver.read('customers')).toEqual([])
  })

  it('say what moved, and leave the other scores and their time as they were', () => {
    const driver = createDriver({ now: NOON, thresholds: thresholds() })
    driver.pipe('transactions', transaction({ amountMinor: 50_000 }))
    const [before] = driver.read('customers')
    driver.read('score-changes')
    driver.useThresholds(thresholds({ version: 2, monetary: { GBP: evenly(0, 50_000) } }))
    driver.sweep()
    const [after] = driver.read('customers')
    expect(pastOf(after!)).toEqual(pastOf(before!))
    expect(driver.read('score-changes')).toMatchObject([
      {
        kind: 'segment',
        from: 'Potential',
        to: 'Loyal',
        cause: 'population',
        changeId: 'shop/ada/segment/population:shop/ada:2',
      },
      { kind: 'tier', from: 'Bronze', to: 'Silver', cause: 'population', modelVersion: 'thresholds-2' },
    ])
  })

  it('do to anybody what his next event would do, with timers between or not', () => {
    fc.assert(
      fc.property(
        anyHistory,
        anyThresholds,
        fc.array(anyThresholds, { maxLength: 4 }),
        fc.nat(200),
        (history, first, more, days) => {
          const driver = createDriver({ now: NOON + 800 * DAY, thresholds: first })
          for (const { topic, event } of history) driver.pipe(topic, event as never) // the pair came from one event
          driver.passTime(NOON + (365 + days) * DAY)
          let last = driver.read('customers').at(-1)!
          for (const next of more) {
            const moves = wouldMove(driver.state('shop', 'ada')!, next, DEFAULT_SETTINGS)
            driver.useThresholds(next)
            driver.sweep()
            const records = driver.read('customers')
            expect(keysOf(records)).toEqual(moves ? ['ada'] : [])
            for (const record of records) {
              expect(pastOf(record)).toEqual(pastOf(last))
              last = record
            }
            driver.sweep()
            expect(driver.read('customers')).toEqual([])
          }
          expect(standingAfterAnEvent(driver)).toEqual(standing(last))
        },
      ),
    )
  })
})

/** What thresholds don't decide. */
function pastOf({ asOf, lead, churn, rfm: { recencyDays, frequency, monetaryMinor, currency } }: Customer) {
  return { asOf, lead, churn, recencyDays, frequency, monetaryMinor, currency }
}

function standing({ rfm: { r, f, m, segment }, loyalty }: Customer) {
  return { r, f, m, segment, tier: loyalty?.tier ?? null }
}

function standingAfterAnEvent(driver: Driver) {
  driver.pipe('interactions', interaction({ occurredAt: NOON + 1 }))
  return standing(driver.read('customers').at(-1)!)
}
