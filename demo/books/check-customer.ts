import type { Customer } from '../../schemas/avro/customer.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { decodeState } from '../../schemas/state-codec.ts'
import { compareCustomer, differences } from './compare-customer.ts'
import { expectedCustomer } from './expected-customer.ts'
import { expectedFeatures, expectedProbability } from './expected-scores.ts'
import type { Scorecards } from './scorecard.ts'

const DAY_MS = 86_400_000

/** What a stored record says otherwise than the customer's events: state, RFM, and both scores by these scorecards. */
export function checkCustomer(events: readonly InputEvent[], stored: Customer, { lead, churn }: Scorecards): string[] {
  const expected = expectedCustomer(events)
  const state = decodeState(stored.state)
  // A timer's record is for a time after the newest event; what happened until then is the same. A late event after it
  // doesn't turn the time back to before what it moved.
  const asOf =
    stored.cause === 'event' ? Math.max(expected.newestAt, state.leadHeldSince, state.churnHeldSince) : stored.asOf
  const features = expectedFeatures(expected, asOf)
  const [money] = expected.money
  const wanted = new Map<string, number | string | null>([
    ['asOf', asOf],
    ['frequency', expected.purchases],
    ['monetaryMinor', money === undefined ? 0 : money.purchasedMinor - money.refundedMinor],
    ['recencyDays', expected.lastPurchaseAt === null ? null : (asOf - expected.lastPurchaseAt) / DAY_MS],
    ['lead model', lead.version],
    ['lead probability', expectedProbability(lead, features)],
    ['churn model', churn.version],
    ['churn risk', expectedProbability(churn, features)],
  ])
  const found = new Map<string, number | string | null>([
    ['asOf', stored.asOf],
    ['frequency', stored.rfm.frequency],
    ['monetaryMinor', stored.rfm.monetaryMinor],
    ['recencyDays', stored.rfm.recencyDays],
    ['lead model', stored.lead.modelVersion],
    ['lead probability', stored.lead.probability],
    ['churn model', stored.churn.modelVersion],
    ['churn risk', stored.churn.risk],
  ])
  return [...compareCustomer(expected, state), ...differences(wanted, found)]
}
