import { ANSWERS, type CustomerState, type Money, NEVER, type Trait } from './customer-state.ts'

/** A customer nothing is known of. */
export function newCustomerState(): CustomerState {
  return {
    firstSeenAt: NEVER,
    newestAt: NEVER,
    lastActiveAt: NEVER,
    lastInteractionAt: NEVER,
    sessions: 0,
    counted: 0,
    counters: NO_COUNTERS.slice(),
    purchases: 0,
    refunds: 0,
    failedPayments: 0,
    lastPurchaseAt: NEVER,
    gaps: 0,
    gapMeanDays: 0,
    gapM2: 0,
    money: NO_MONEY,
    reporting: NEVER,
    firstPurchaseAt: NEVER,
    lastPurchaseItems: 0,
    purchaseDays: 0,
    place: null,
    standing: null,
    keptAnswers: NO_BYTES,
    keptOrders: NO_BYTES,
    subscription: 0,
    subscriptionAt: NEVER,
    answers: NO_ANSWERS.slice(),
    traits: NO_TRAITS,
    outcome: NEVER,
    outcomeAt: NEVER,
    leadHeld: NEVER,
    leadHeldSince: NEVER,
    leadHeldValue: 0,
    churnHeld: NEVER,
    churnHeldSince: NEVER,
    churnHeldValue: 0,
    nextTimerAt: 0,
    openSnapshots: NO_SNAPSHOTS,
    recent: [],
    recentNext: 0,
  }
}

/** Makes a state that was used before one that nothing is known of. Only `counters` and `recent` are left for who writes over them. */
export function clearState(state: CustomerState): void {
  state.firstSeenAt = NEVER
  state.newestAt = NEVER
  state.lastActiveAt = NEVER
  state.lastInteractionAt = NEVER
  state.sessions = 0
  state.counted = 0
  state.purchases = 0
  state.refunds = 0
  state.failedPayments = 0
  state.lastPurchaseAt = NEVER
  state.gaps = 0
  state.gapMeanDays = 0
  state.gapM2 = 0
  state.money = NO_MONEY
  state.reporting = NEVER
  state.firstPurchaseAt = NEVER
  state.lastPurchaseItems = 0
  state.purchaseDays = 0
  state.place = null
  state.standing = null
  state.keptAnswers = NO_BYTES
  state.keptOrders = NO_BYTES
  state.subscription = 0
  state.subscriptionAt = NEVER
  for (let i = 0; i < NO_ANSWERS.length; i++) state.answers[i] = NEVER
  state.traits = NO_TRAITS
  state.outcome = NEVER
  state.outcomeAt = NEVER
  state.leadHeld = NEVER
  state.leadHeldSince = NEVER
  state.leadHeldValue = 0
  state.churnHeld = NEVER
  state.churnHeldSince = NEVER
  state.churnHeldValue = 0
  state.nextTimerAt = 0
  state.recentNext = 0
  state.openSnapshots = NO_SNAPSHOTS
}

const NO_BYTES = Buffer.alloc(0)
const NO_MONEY: readonly Money[] = []
const NO_SNAPSHOTS: readonly number[] = []
const NO_TRAITS: readonly Trait[] = []
const NO_ANSWERS: readonly number[] = ANSWERS.flatMap(() => [NEVER, NEVER])

/** Empty, but an array of doubles to V8 and so are its copies: counters never change their representation later. */
const NO_COUNTERS: readonly number[] = [0.5].slice(1)

/** A copy that can be changed without the original noticing. Field by field: twice as fast as a spread. */
export function cloneState(state: CustomerState): CustomerState {
  return {
    firstSeenAt: state.firstSeenAt,
    newestAt: state.newestAt,
    lastActiveAt: state.lastActiveAt,
    lastInteractionAt: state.lastInteractionAt,
    sessions: state.sessions,
    counted: state.counted,
    counters: state.counters.slice(),
    purchases: state.purchases,
    refunds: state.refunds,
    failedPayments: state.failedPayments,
    lastPurchaseAt: state.lastPurchaseAt,
    gaps: state.gaps,
    gapMeanDays: state.gapMeanDays,
    gapM2: state.gapM2,
    money: state.money,
    reporting: state.reporting,
    firstPurchaseAt: state.firstPurchaseAt,
    lastPurchaseItems: state.lastPurchaseItems,
    purchaseDays: state.purchaseDays,
    place: state.place,
    standing: state.standing,
    keptAnswers: state.keptAnswers,
    keptOrders: state.keptOrders,
    subscription: state.subscription,
    subscriptionAt: state.subscriptionAt,
    answers: state.answers.slice(),
    traits: state.traits,
    outcome: state.outcome,
    outcomeAt: state.outcomeAt,
    leadHeld: state.leadHeld,
    leadHeldSince: state.leadHeldSince,
    leadHeldValue: state.leadHeldValue,
    churnHeld: state.churnHeld,
    churnHeldSince: state.churnHeldSince,
    churnHeldValue: state.churnHeldValue,
    nextTimerAt: state.nextTimerAt,
    openSnapshots: state.openSnapshots,
    recent: state.recent.slice(),
    recentNext: state.recentNext,
  }
}
