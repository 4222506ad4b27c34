import { MAX_ORDER_ITEMS } from './make-orders.ts'

const DAY_MS = 86_400_000

/** Windows close soon once nothing comes, and most events are in time. The oracle asks that all of this never changes. */
const WINDOWS = {
  windows: { graceMs: 10 * DAY_MS, idleMs: 2_000, emitIntervalMs: 500 },
  crossSell: { refreshMs: 1_000, maxOrderItems: MAX_ORDER_ITEMS, minShare: 0 },
}

/** What each tenant's settings have from the beginning of a run to its end. */
export const BASE_SETTINGS = {
  acme: { ...WINDOWS, clock: 'event' },
  bolt: { ...WINDOWS, clock: 'wall', nps: { replaceAnswers: false, replaceAnswersOf: { onboarding: true } } },
} as const
