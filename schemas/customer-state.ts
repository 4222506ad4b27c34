/**
 * Interaction types that have a counter of their own, in the order in which counters are stored: append only, the codec
 * writes positions. Every type that isn't listed counts as `other`.
 */
export const INTERACTION_TYPES = [
  'page_view',
  'product_view',
  'search',
  'favorite',
  'add_to_cart',
  'inquiry',
  'email_open',
  'email_click',
  'email_reply',
  'call',
  'meeting',
  'demo_request',
  'login',
  'feature_use',
  'support_ticket',
  'contact_attempt',
  'unsubscribe',
  'other',
] as const
export type InteractionType = (typeof INTERACTION_TYPES)[number]

/** What is counted with decay: the interaction types, and payments that failed. At most 31, they share a bit mask. */
export const COUNTED = [...INTERACTION_TYPES, 'payment_failed'] as const

/** Half-lives of the decayed counters, in days. Stored counters depend on them, so they are not a setting. */
export const HALF_LIVES_DAYS = [1, 7, 30] as const

/** Numbers in a row of counters: how often, and that count decayed with each half-life. */
export const COUNTER_WIDTH = 1 + HALF_LIVES_DAYS.length

/** How many event ids a customer remembers, over all topics. */
export const RECENT_EVENTS = 32

/** The value of a time that isn't known. */
export const NEVER = -1

export type TraitValue = boolean | number | string

/** A trait by its newest profile event; `value` null is a removed trait, kept so that an older event can't bring it back. */
export interface Trait {
  readonly name: string
  readonly value: TraitValue | null
  readonly at: number
}

/** Money that moved in one currency, integer minor units. */
export interface Money {
  readonly currency: string
  /** Time of the earliest purchase or refund in this currency. */
  readonly firstAt: number
  readonly purchasedMinor: number
  readonly refundedMinor: number
}

/** Where a customer is counted in the histograms of his tenant's population: what has to be taken out when he moves. */
export interface PopulationPlace {
  /** Of the last purchase, days since 1970. */
  readonly day: number
  /** Buckets of the number of purchases and of purchases less refunds. */
  readonly frequency: number
  readonly monetary: number
  /** That of `monetary`. */
  readonly currency: string
}

/** Where a customer stands among those of his tenant, by the newest thresholds that were applied. */
export interface Standing {
  readonly r: number
  readonly f: number
  readonly m: number
  /** Positions in SEGMENTS and in LOYALTY_TIERS. */
  readonly segment: number
  readonly tier: number
  /** The loyalty score that the tier began with. */
  readonly tierValue: number
}

/** Positions in ANSWERS and in `CustomerState.answers`. */
export const ANSWERS = ['NPS', 'CSAT', 'CES'] as const

export const SUBSCRIPTION_STATES = ['none', 'active', 'cancelled'] as const
export const OUTCOME_KINDS = ['CONVERTED', 'LOST', 'CHURNED', 'RETAINED'] as const

/**
 * All that a customer task knows of one customer. Times are epoch milliseconds of event time, NEVER when unknown.
 *
 * The two hot arrays are plain arrays of numbers, not typed arrays: a copy is made for every event, and a typed array
 * over 64 bytes costs an allocation outside the JavaScript heap (2.3 µs against 0.3 µs for both, Node 24).
 */
export interface CustomerState {
  firstSeenAt: number
  /** The newest event time of any topic: what decayed counters are relative to, and the asOf of a score. */
  newestAt: number
  /** The newest act that shows a customer who stays: any interaction of his own but to unsubscribe, a purchase, a subscription. */
  lastActiveAt: number
  lastInteractionAt: number
  sessions: number

  /** Bit i: COUNTED[i] occurred and has a row in `counters`. */
  counted: number
  /** Rows of COUNTER_WIDTH in the order of COUNTED, only for what occurred. */
  counters: number[]

  purchases: number
  refunds: number
  failedPayments: number
  lastPurchaseAt: number
  /** Gaps between consecutive purchases that came in order: number, mean (days), sum of squared deviations (Welford). */
  gaps: number
  gapMeanDays: number
  gapM2: number
  /** By currency, in the order of their codes; replaced, never changed in place. */
  money: readonly Money[]
  /** Position in `money` of the reporting currency at the newest event, NEVER when nothing moved in it. */
  reporting: number

  firstPurchaseAt: number
  /** Different items of the newest purchase, the most of several at one time; 0 before the first. */
  lastPurchaseItems: number
  /** Days (UTC) with a purchase; a late one counts as a day of its own unless it is on that of the first or last. */
  purchaseDays: number
  /** Null before the first purchase; replaced, never changed in place. */
  place: PopulationPlace | null
  /** Null until the population is known; replaced, never changed in place. */
  standing: Standing | null

  /** Position in SUBSCRIPTION_STATES. */
  subscription: number
  subscriptionAt: number

  /** The newest NPS, CSAT and CES answer: score and time in pairs, NEVER and NEVER when there is none. */
  answers: number[]

  /** NPS answers that an open window may hold (processors/kept-answers.ts); replaced, never changed in place. */
  keptAnswers: Buffer
  /** The last orders, for refunds (processors/kept-orders.ts); replaced, never changed in place. */
  keptOrders: Buffer

  /** In the order of their names; replaced, never changed in place. */
  traits: readonly Trait[]

  /** Position in OUTCOME_KINDS, NEVER when there is none. */
  outcome: number
  outcomeAt: number

  /** Position of the held grade in LEAD_GRADES, NEVER before the first score; since when; the probability it began with. */
  leadHeld: number
  leadHeldSince: number
  leadHeldValue: number
  /** Position of the held band in CHURN_BANDS, as for the grade. */
  churnHeld: number
  churnHeldSince: number
  churnHeldValue: number

  /** When a timer of this customer is due; 0: none. */
  nextTimerAt: number
  /** When the horizons of his open churn snapshots end, ascending; replaced, never changed in place. */
  openSnapshots: readonly number[]

  /** The last RECENT_EVENTS event ids as 64-bit hashes, two signed 32-bit halves each; a ring once it is full. */
  recent: number[]
  /** Position in `recent` where the next hash goes. */
  recentNext: number
}
