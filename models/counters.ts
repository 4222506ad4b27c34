import { COUNTED, COUNTER_WIDTH, type CustomerState, HALF_LIVES_DAYS } from '../schemas/customer-state.ts'

export const DAY_MS = 86_400_000

/** What a position in COUNTED is called in code that reads one counter. */
export type Counted = (typeof COUNTED)[number]
export const positionOf = (name: Counted): number => COUNTED.indexOf(name)

/** 2^(-elapsed / half-life): what is left of 1 after `elapsedMs`. */
export function decayOf(elapsedMs: number, halfLifeDays: number): number {
  return elapsedMs === 0 ? 1 : Math.exp((-Math.LN2 / (halfLifeDays * DAY_MS)) * elapsedMs)
}

/** Index in `counters` of the row of COUNTED[position], whether it is there yet or not. */
export function rowOf(counted: number, position: number): number {
  // How many of the lower bits are set, counted in parallel (Hacker's Delight, figure 5-2).
  let bits = counted & ((1 << position) - 1)
  bits -= (bits >>> 1) & 0x55555555
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333)
  return COUNTER_WIDTH * ((Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24) | 0)
}

/** How often COUNTED[position] occurred. */
export function countOf(state: CustomerState, position: number): number {
  return (state.counted & (1 << position)) === 0 ? 0 : state.counters[rowOf(state.counted, position)]!
}

/** Σ 2^(-(newestAt - t) / half-life) over the times t at which COUNTED[position] occurred. @param halfLife position in HALF_LIVES_DAYS */
export function decayedOf(state: CustomerState, position: number, halfLife: number): number {
  return (state.counted & (1 << position)) === 0 ? 0 : state.counters[rowOf(state.counted, position) + 1 + halfLife]!
}

/** Makes `newestAt` the reference of all decayed counters; an earlier time than the present reference changes nothing. */
export function advanceCounters(state: CustomerState, newestAt: number): void {
  const { counters } = state
  const elapsed = newestAt - state.newestAt
  if (elapsed <= 0) return
  state.newestAt = newestAt
  if (counters.length === 0) return
  const [day, week, month] = HALF_LIVES_DAYS
  const perDay = decayOf(elapsed, day)
  const perWeek = decayOf(elapsed, week)
  const perMonth = decayOf(elapsed, month)
  for (let row = 0; row < counters.length; row += COUNTER_WIDTH) {
    counters[row + 1] = counters[row + 1]! * perDay
    counters[row + 2] = counters[row + 2]! * perWeek
    counters[row + 3] = counters[row + 3]! * perMonth
  }
}

/**
 * Counts one occurrence at time `at`, which is not after `newestAt`. A late one adds what would be left of it by now:
 * the sum is the same in whatever order occurrences come.
 */
export function count(state: CustomerState, position: number, at: number): void {
  const { counters } = state
  const row = rowOf(state.counted, position)
  if ((state.counted & (1 << position)) === 0) {
    state.counted |= 1 << position
    counters.splice(row, 0, 0, 0, 0, 0)
  }
  const age = state.newestAt - at
  const [day, week, month] = HALF_LIVES_DAYS
  counters[row] = counters[row]! + 1
  counters[row + 1] = counters[row + 1]! + decayOf(age, day)
  counters[row + 2] = counters[row + 2]! + decayOf(age, week)
  counters[row + 3] = counters[row + 3]! + decayOf(age, month)
}
