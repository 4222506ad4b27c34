import fc from 'fast-check'
import { COUNTED, type CustomerState, NEVER, RECENT_EVENTS } from '../../schemas/customer-state.ts'
import { newCustomerState } from '../../schemas/new-state.ts'

const NEWEST = Date.UTC(2026, 0, 1)
const time = fc.oneof(fc.constant(NEVER), fc.integer({ min: 0, max: NEWEST }))
const amount = fc.oneof(fc.nat(), fc.maxSafeNat())
const double = fc.double({ noNaN: true })
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })

const counted = fc.nat({ max: 2 ** COUNTED.length - 1 }).chain((mask) => {
  const rows = mask.toString(2).replaceAll('0', '').length
  const row = fc.tuple(amount, double, double, double)
  return fc.record({
    counted: fc.constant(mask),
    counters: fc.array(row, { minLength: rows, maxLength: rows }).map((filled) => filled.flat()),
  })
})

const held = (kind: 'lead' | 'churn', classes: number) =>
  fc
    .tuple(fc.nat({ max: classes - 1 }), amount, double)
    .chain(([index, since, value]) =>
      fc.constantFrom(
        { [`${kind}Held`]: NEVER, [`${kind}HeldSince`]: NEVER, [`${kind}HeldValue`]: 0 },
        { [`${kind}Held`]: index, [`${kind}HeldSince`]: since, [`${kind}HeldValue`]: value },
      ),
    )

/** Any state that the codec can hold. */
export const anyState: fc.Arbitrary<CustomerState> = fc
  .tuple(
    fc.record({
      firstSeenAt: time,
      lastActiveAt: time,
      lastInteractionAt: time,
      sessions: amount,
      purchases: amount,
      refunds: amount,
      failedPayments: amount,
      lastPurchaseAt: time,
      gaps: fc.integer({ min: 1 }),
      gapMeanDays: double,
      gapM2: double,
      money: fc.array(
        fc.record({
          currency: fc.constantFrom('EUR', 'GBP'),
          firstAt: time,
          purchasedMinor: amount,
          refundedMinor: amount,
        }),
        { minLength: 1, maxLength: 8 },
      ),
      reporting: fc.constantFrom(NEVER, 0),
      firstPurchaseAt: time,
      lastPurchaseItems: amount,
      purchaseDays: amount,
      place: fc.option(
        fc.record({
          day: amount,
          frequency: amount,
          monetary: fc.integer(),
          currency: fc.constantFrom('EUR', 'GBP'),
        }),
      ),
      standing: fc.option(
        fc.record({ r: amount, f: amount, m: amount, segment: amount, tier: amount, tierValue: double }),
      ),
      subscription: fc.nat({ max: 2 }),
      subscriptionAt: time,
      answers: fc
        .array(fc.constantFrom([NEVER, NEVER], [7, NEWEST], [0, 5]), { minLength: 3, maxLength: 3 })
        .map((answers) => answers.flat()),
      nextTimerAt: amount,
      openSnapshots: fc
        .uniqueArray(
          time.filter((at) => at !== NEVER),
          { maxLength: 4 },
        )
        .map((ends) => ends.sort((a, b) => a - b)),
      keptAnswers: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      keptOrders: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
      traits: fc.array(
        fc.record({
          name: fc.string({ unit: 'grapheme', maxLength: 200 }),
          value: fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.boolean(), double, fc.constant(null)),
          at: time,
        }),
        { maxLength: 5 },
      ),
      recent: fc.array(fc.tuple(int32, int32), { maxLength: RECENT_EVENTS - 1 }).map((pairs) => pairs.flat()),
    }),
    counted,
    held('lead', 5),
    held('churn', 3),
    fc.constantFrom({ outcome: NEVER, outcomeAt: NEVER }, { outcome: 3, outcomeAt: 12 }),
  )
  .map(([fields, ...more]) => ({
    ...newCustomerState(),
    newestAt: NEWEST,
    ...fields,
    ...Object.assign({}, ...more),
    recentNext: fields.recent.length,
  }))
