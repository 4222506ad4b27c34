import { type CustomerState, NEVER } from '../../schemas/customer-state.ts'
import { newCustomerState } from '../../schemas/new-state.ts'

/** Bytes that some release wrote, and the state that they are. Never changed: such bytes are in customers' records. */
export interface StoredState {
  readonly what: string
  readonly hex: string
  readonly state: CustomerState
}

const NEWEST = Date.UTC(2026, 0, 1)

export const example: CustomerState = {
  ...newCustomerState(),
  firstSeenAt: NEWEST - 1000,
  newestAt: NEWEST,
  lastActiveAt: NEWEST,
  lastInteractionAt: NEWEST,
  sessions: 2,
  counted: 0b1001,
  counters: [300, 1.5, 2.5, 3.5, 1, 0.25, 0.5, 0.75],
  purchases: 2,
  refunds: 1,
  lastPurchaseAt: NEWEST - 500,
  gaps: 1,
  gapMeanDays: 3.25,
  money: [{ currency: 'GBP', firstAt: NEWEST - 900, purchasedMinor: 12_345, refundedMinor: 45 }],
  reporting: 0,
  subscription: 1,
  subscriptionAt: NEWEST - 1,
  answers: [9, NEWEST - 2, NEVER, NEVER, NEVER, NEVER],
  traits: [
    { name: 'city', value: 'Zürich', at: NEWEST - 3 },
    { name: 'plan', value: null, at: NEWEST },
    { name: 'seats', value: 12, at: NEWEST },
    { name: 'vip', value: true, at: NEWEST },
  ],
  outcome: 0,
  outcomeAt: NEWEST,
  leadHeld: 3,
  leadHeldSince: NEWEST - 1000,
  leadHeldValue: 0.625,
  churnHeld: 0,
  churnHeldSince: NEWEST,
  churnHeldValue: 0.125,
  nextTimerAt: NEWEST + 86_400_000,
  recent: [1, -1, 2 ** 31 - 1, -(2 ** 31)],
  recentNext: 4,
}

const EXAMPLE_BODY = [
  '81d0eab6b733e90701010209ac02000000000000f83f00000000000004400000000000000c4001000000000000d03f0000',
  '00000000e03f000000000000e83f020100f503010000000000000a40000000000000000001034742508507b9602d01010203',
  '09000001000498c8eab6b733000000000000e43f0180d0eab6b733000000000000c03f808884e0b733040463697479040407',
  '5ac3bc7269636804706c616e0100057365617473010300000000000028400376697001020201000000ffffffffffffff7f00',
  '000080',
].join('')

/** What test/processors/kept.test.ts reads: an answer, and an order of two lines. */
export const KEPT_ANSWERS = '01000000ffffffff01fecfeab6b733fbffffff0104706c616e0370726f'
export const KEPT_ORDERS = '036f2d31228ccceab6b7330700000003474250fa01020374656102000363757001010477617265'

/** Newest last. Each field of ADDED_FIELDS has an entry that holds it. */
export const STORED_STATES: readonly StoredState[] = [
  { what: 'format 1', hex: `01${EXAMPLE_BODY}`, state: example },
  { what: 'format 2 without added fields', hex: `02${EXAMPLE_BODY}00`, state: example },
  {
    what: 'a place and a standing in the population',
    hex: `02${EXAMPLE_BODY}018507020203e59f0102dd0603474250040503010302000000000000e23f00`,
    state: {
      ...example,
      firstPurchaseAt: NEWEST - 900,
      purchaseDays: 2,
      place: { day: 20_453, frequency: 2, monetary: -431, currency: 'GBP' },
      standing: { r: 5, f: 3, m: 1, segment: 3, tier: 2, tierValue: 0.5625 },
    },
  },
  {
    what: 'answers and orders that windows may still need',
    hex: `02${EXAMPLE_BODY}051d${KEPT_ANSWERS}0627${KEPT_ORDERS}00`,
    state: {
      ...example,
      keptAnswers: Buffer.from(KEPT_ANSWERS, 'hex'),
      keptOrders: Buffer.from(KEPT_ORDERS, 'hex'),
    },
  },
  {
    what: 'horizons of open snapshots',
    hex: `02${EXAMPLE_BODY}0702808884e0b73380b8992900`,
    state: { ...example, openSnapshots: [NEWEST + 86_400_000, NEWEST + 172_800_000] },
  },
  {
    what: 'items of the newest purchase',
    hex: `02${EXAMPLE_BODY}08900300`,
    state: { ...example, lastPurchaseItems: 400 },
  },
]
