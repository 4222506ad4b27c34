import type { Customer } from '../../schemas/avro/customer.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { decodeState } from '../../schemas/state-codec.ts'
import { compareCustomer, differences } from './compare-customer.ts'
import { type ExpectedCustomer, expectedCustomer } from './expected-customer.ts'
import { expectedFeatures, expectedProbability } from './expected-scores.ts'
import type { Scorecards } from './scorecard.ts'

const DAY_MS = 86_400_000

/** What a stored record says otherwise than the customer's events: state, RFM, and both scores by these models. */
export function checkCustomer(events: readonly InputEvent[], stored: Customer, models: Scorecards): string[] {
  const expected = expectedCustomer(events)
  const state = decodeState(stored.state)
  // A timer's record is for a time after the newest event; what happened until then is the same. A late event after it
  // doesn't turn the time back to before what it moved.
  const asOf =
    stored.cause === 'event' ? Math.max(expected.newestAt, state.leadHeldSince, state.churnHeldSince) : stored.asOf
  const [money] = expected.money
  const wanted = new Map<string, number | string | null>([
    ['asOf', asOf],
    ['frequency', expected.purchases],
    ['monetaryMinor', money === undefined ? 0 : money.purchasedMinor - money.refundedMinor],
    ['recencyDays', expected.lastPurchaseAt === null ? null : (asOf - expected.lastPurchaseAt) / DAY_MS],
  ])
  const found = new Map<string, number | string | null>([
    ['asOf', stored.asOf],
    ['frequency', stored.rfm.frequency],
    ['monetaryMinor', stored.rfm.monetaryMinor],
    ['recencyDays', stored.rfm.recencyDays],
  ])
  return [
    ...compareCustomer(expected, state),
    ...differences(wanted, found),
    ...compareScores(expected, { ...stored, asOf }, models),
  ]
}

/** The same of the scores alone, for the time that the record names: only the last record of a batch holds a state. */
export function checkScores(events: readonly InputEvent[], stored: Customer, models: Scorecards): string[] {
  const expected = expectedCustomer(events)
  const tooEarly = stored.asOf < expected.newestAt ? [`asOf is ${stored.asOf}, before ${expected.newestAt}`] : []
  return [...tooEarly, ...compareScores(expected, stored, models)]
}

function compareScores(expected: ExpectedCustomer, stored: Customer, { lead, churn }: Scorecards): string[] {
  const features = expectedFeatures(expected, stored.asOf)
  const wanted = new Map<string, number | string>([
    ['lead model', lead.version],
    ['lead probability', expectedProbability(lead, features, expected.traits)],
    ['churn model', churn.version],
    ['churn risk', expectedProbability(churn, features, expected.traits)],
  ])
  const found = new Map<string, number | string>([
    ['lead model', stored.lead.modelVersion],
    ['lead probability', stored.lead.probability],
    ['churn model', stored.churn.modelVersion],
    ['churn risk', stored.churn.risk],
  ])
  return differences(wanted, found)
}
