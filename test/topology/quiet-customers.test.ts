import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { readInvoices } from '../../demo/books/read-invoices.ts'
import { DEMO_FILE } from '../../demo/simulator/demo-events.ts'
import { computeFeatures } from '../../models/compute-features.ts'
import { FEATURE_COUNT } from '../../models/features.ts'
import { type CompiledModel, compileModel } from '../../models/linear-model.ts'
import { CHURN_PRIOR } from '../../models/priors/churn-prior.ts'
import { LEAD_PRIOR } from '../../models/priors/lead-prior.ts'
import { scoreModel } from '../../models/score.ts'
import type { ScoreChange } from '../../schemas/avro/score-change.ts'
import type { Survey } from '../../schemas/avro/survey.ts'
import type { Transaction } from '../../schemas/avro/transaction.ts'
import type { CustomerState } from '../../schemas/customer-state.ts'
import type { LinearModel } from '../../schemas/model.ts'
import { parseSettings, type TenantSettings } from '../../schemas/settings.ts'
import { createDriver, type Driver } from '../driver.ts'
import { anyHistory } from '../processors/any-history.ts'
import { DAY, HOUR, interaction, NOON, survey, transaction } from '../processors/build-event.ts'

const SAMPLE = 120
const BANDS = ['Low', 'Medium', 'High']

/** Rises and falls while nothing happens, by more than the margins. */
const WAVERING: LinearModel = {
  ...CHURN_PRIOR,
  version: 'wavering',
  inputs: CHURN_PRIOR.inputs.map((input) => {
    if (input.feature === 'days_since_purchase') return { ...input, coefficients: [-0.75] }
    return input.feature === 'purchase_overdue' ? { ...input, coefficients: [1] } : input
  }),
}

interface Move {
  readonly at: number
  readonly to: string
}

/**
 * The truth without timers: a customer is scored at each of his events and at every hour between them, and at the last
 * moment before the next; the band is held by the rule of the settings. The hour in which he moved is gone through again
 * second by second, since the minimum interval counts from there.
 */
function bruteForce(
  events: readonly { at: number; state: CustomerState }[],
  until: number,
  model: CompiledModel,
  settings: TenantSettings,
): Move[] {
  const moves: Move[] = []
  const features = new Float64Array(FEATURE_COUNT)
  let band = -1
  let since = 0
  const bandAt = (state: CustomerState, at: number): number => {
    computeFeatures(state, at, features)
    const risk = scoreModel(model, features, state.traits)
    if (band < 0) return settings.thresholds.churn.filter((edge) => risk >= edge).length
    if (at - since < settings.minIntervalMs.churn) return band
    let next = band
    while (next < 2 && risk >= settings.thresholds.churn[next]! + settings.margins.churn) next++
    while (next > 0 && risk < settings.thresholds.churn[next - 1]! - settings.margins.churn) next--
    return next
  }
  const look = (state: CustomerState, from: number, to: number): void => {
    const next = bandAt(state, to)
    if (next === band) return
    let at = from
    while (at < to && bandAt(state, at) === band) at += 1_000
    since = Math.min(at, to)
    band = next
    moves.push({ at: since, to: BANDS[band]! })
  }
  events.forEach(({ at, state }, i) => {
    look(state, at, at)
    const end = events[i + 1]?.at ?? until
    let from = at
    for (let hour = at + HOUR; hour < end; hour += HOUR) {
      look(state, from, hour)
      from = hour
    }
    if (end - 1 > from) look(state, from, end - 1)
  })
  return moves
}

const churnMoves = (changes: readonly ScoreChange[]): ScoreChange[] => changes.filter(({ kind }) => kind === 'churn')

describe('with Online Retail replayed', () => {
  let histories: Transaction[][]
  let until: number

  beforeAll(async () => {
    const invoices = await readInvoices(fileURLToPath(DEMO_FILE))
    until = invoices.at(-1)!.occurredAt
    const all = [...Map.groupBy(invoices, ({ customerId }) => customerId).values()]
    histories = all.filter((_, i) => i % Math.floor(all.length / SAMPLE) === 0)
  }, 60_000)

  const week = { minIntervalMs: { churn: 7 * DAY }, margins: { churn: 0.05 } }
  it.each([
    ['the prior scorecard', CHURN_PRIOR, {}],
    ['moves held back for a week and wide margins', CHURN_PRIOR, week],
    ['risk that rises and falls in silence', WAVERING, {}],
  ])('the moments of crossing are those of scoring everybody every hour: %s', { timeout: 120_000 }, (...given) => {
    const [_name, churn, more] = given
    const settings = parseSettings({ clock: 'event', ...more })
    const models = { lead: compileModel(LEAD_PRIOR), churn: compileModel(churn) }
    let byTimer = 0
    for (const history of histories) {
      const driver = createDriver({ settings, models, now: until })
      const seen: { at: number; state: CustomerState }[] = []
      for (const event of history) {
        driver.pipe('transactions', event)
        seen.push({ at: event.occurredAt, state: driver.state('default', event.customerId)! })
      }
      driver.passTime(until)
      const changes = churnMoves(driver.read('score-changes'))
      const expected = bruteForce(seen, until, models.churn, settings)
      const found = changes.map(({ to, occurredAt, cause }) => ({ to, at: occurredAt, cause }))
      expect(found.map(({ to }) => to)).toEqual(expected.map(({ to }) => to))
      found.forEach(({ at, cause }, i) => {
        const late = expected[i]!.at - at
        if (cause === 'event') expect(late).toBe(0)
        else {
          byTimer++
          // Both are rounded to seconds, each from a beginning of its own.
          expect(Math.abs(late)).toBeLessThanOrEqual(2_000)
        }
      })
    }
    expect(byTimer).toBeGreaterThan(10)
  })
})

const settings = parseSettings({ clock: 'event' })

/** Two purchases ten days apart, then silence. */
function quietCustomer(driver: Driver): void {
  driver.pipe('transactions', transaction({ occurredAt: NOON - 10 * DAY }))
  driver.pipe('transactions', transaction({ occurredAt: NOON }))
}

describe('a customer who goes quiet', () => {
  it('moves up band by band, once each, at times that are known before', () => {
    const driver = createDriver({ settings, now: NOON + 1_000 * DAY })
    quietCustomer(driver)
    driver.read('score-changes')
    const { nextTimerAt } = driver.state('shop', 'ada')!
    driver.read('customers')
    driver.passTime(nextTimerAt)
    expect(driver.read('customers')).toEqual([])
    driver.passTime(nextTimerAt + 1)
    const [first] = driver.read('customers')
    expect(first).toMatchObject({
      cause: 'timer',
      eventId: `timer:shop/ada:${nextTimerAt}`,
      occurredAt: nextTimerAt,
      asOf: nextTimerAt,
      churn: { band: 'Medium' },
      rfm: { recencyDays: (nextTimerAt - NOON) / DAY },
    })
    driver.passTime(NOON + 900 * DAY)
    expect(churnMoves(driver.read('score-changes'))).toMatchObject([
      { from: 'Low', to: 'Medium', cause: 'timer', changeId: `shop/ada/churn/timer:shop/ada:${nextTimerAt}` },
      { from: 'Medium', to: 'High', cause: 'timer' },
    ])
    expect(driver.state('shop', 'ada')!.nextTimerAt).toBe(0)
    driver.passTime(NOON + 999 * DAY)
    expect(driver.read('customers')).toHaveLength(1)
  })

  it('is re-planned by a new event: nothing is sent at the old time', () => {
    const driver = createDriver({ settings, now: NOON + 1_000 * DAY })
    quietCustomer(driver)
    const planned = driver.state('shop', 'ada')!.nextTimerAt
    driver.pipe('transactions', transaction({ occurredAt: planned - HOUR }))
    driver.read('customers')
    driver.passTime(planned + 1)
    expect(driver.read('customers')).toEqual([])
    expect(driver.state('shop', 'ada')!.nextTimerAt).toBeGreaterThan(planned)
  })

  it('moves before his next event is applied, if that comes later', () => {
    const driver = createDriver({ settings, now: NOON + 1_000 * DAY })
    quietCustomer(driver)
    const planned = driver.state('shop', 'ada')!.nextTimerAt
    driver.read('customers')
    driver.pipe('transactions', transaction({ occurredAt: planned + DAY }))
    expect(driver.read('customers').map(({ cause, asOf }) => ({ cause, asOf }))).toEqual([
      { cause: 'timer', asOf: planned },
      { cause: 'event', asOf: planned + DAY },
    ])
  })

  it('stays where he is for an event that is refused or repeated: it makes no time pass', () => {
    const driver = createDriver({ settings, now: NOON + 1_000 * DAY })
    quietCustomer(driver)
    const known = interaction({ occurredAt: NOON })
    driver.pipe('interactions', known)
    const planned = driver.state('shop', 'ada')!.nextTimerAt
    driver.read('customers')
    driver.pipe('interactions', { ...interaction({ occurredAt: planned + DAY }), durationMs: -1 })
    driver.pipe('interactions', { ...known, occurredAt: planned + DAY })
    expect(driver.read('customers')).toEqual([])
  })

  it('counts what comes late as if no timer had fired, but does not go back in time: nothing is told twice', () => {
    const bought = [NOON - 10 * DAY, NOON].map((occurredAt) => transaction({ occurredAt }))
    const late = [
      transaction({ occurredAt: NOON - DAY }),
      survey({ occurredAt: NOON - 2 * DAY, kind: 'CES', score: 3 }),
    ]
    const [withTimer, without] = [0, 1].map(() => createDriver({ settings, now: NOON + 1_000 * DAY }))
    for (const driver of [withTimer!, without!]) for (const event of bought) driver.pipe('transactions', event)
    withTimer!.passTime(NOON + 900 * DAY)
    const moved = withTimer!.read('customers').at(-1)!
    for (const driver of [withTimer!, without!]) {
      driver.pipe('transactions', late[0] as Transaction)
      driver.pipe('surveys', late[1] as Survey)
    }
    const { churnHeld, churnHeldSince, churnHeldValue, nextTimerAt, openSnapshots } = withTimer!.state('shop', 'ada')!
    const held = { churnHeld, churnHeldSince, churnHeldValue, nextTimerAt, openSnapshots }
    expect({ ...without!.state('shop', 'ada')!, ...held }).toEqual(withTimer!.state('shop', 'ada'))
    for (const { asOf } of withTimer!.read('customers')) expect(asOf).toBe(moved.asOf)
    withTimer!.passTime(NOON + 990 * DAY)
    const ids = withTimer!.read('score-changes').map(({ changeId }) => changeId)
    expect(new Set(ids).size).toBe(ids.length)
  })
})

describe('a change that is held back', () => {
  it('comes at the end of the minimum interval, if it is still asked for by then', () => {
    const held = parseSettings({ clock: 'event', minIntervalMs: { lead: 3 * DAY, churn: 3 * DAY } })
    const driver = createDriver({ settings: held, now: NOON + 1_000 * DAY })
    driver.pipe('interactions', interaction({ occurredAt: NOON }))
    driver.pipe('interactions', interaction({ occurredAt: NOON + HOUR, type: 'demo_request' }))
    const asked = driver.read('customers').at(-1)!
    driver.read('score-changes')
    expect(asked.lead.grade).toBe('F')
    expect(asked.lead.probability).toBeGreaterThan(0.5)
    driver.passTime(NOON + 3 * DAY)
    expect(driver.read('score-changes')).toEqual([])
    driver.passTime(NOON + 3 * DAY + 1)
    expect(driver.read('score-changes')).toMatchObject([
      { kind: 'lead', from: 'F', cause: 'timer', occurredAt: NOON + 3 * DAY },
    ])
  })
})

it('no change and no record of any history has an id that another has, in whatever order events come', () => {
  fc.assert(
    fc.property(anyHistory, fc.integer({ min: 1, max: 200 }), (history, stepDays) => {
      const driver = createDriver({ settings, now: NOON + 10_000 * DAY })
      let clock = NOON
      for (const { topic, event } of history) {
        driver.pipe(topic, event)
        clock += stepDays * DAY
        driver.passTime(clock)
      }
      driver.passTime(NOON + 1_000 * DAY)
      const ids = driver.read('score-changes').map(({ changeId }) => changeId)
      expect(new Set(ids).size).toBe(ids.length)
      const events = driver.read('customers').map(({ eventId }) => eventId)
      expect(new Set(events).size).toBe(events.length)
    }),
    { numRuns: 200 },
  )
})

it('timers of any history: when time passes in steps or at once, the same records come', () => {
  fc.assert(
    fc.property(anyHistory, fc.integer({ min: 1, max: 400 }), (history, stepDays) => {
      const inOrder = history.toSorted((a, b) => a.event.occurredAt - b.event.occurredAt)
      const [atOnce, inSteps] = [0, 1].map(() => createDriver({ settings, now: NOON + 10_000 * DAY }))
      let clock = NOON
      for (const { topic, event } of inOrder) {
        atOnce!.pipe(topic, event)
        for (; clock < event.occurredAt; clock += stepDays * DAY) inSteps!.passTime(Math.min(clock, event.occurredAt))
        inSteps!.pipe(topic, event)
      }
      const end = NOON + 1_000 * DAY
      atOnce!.passTime(end)
      for (; clock < end; clock += stepDays * DAY) inSteps!.passTime(clock)
      inSteps!.passTime(end)
      expect(inSteps!.read('customers')).toEqual(atOnce!.read('customers'))
      expect(inSteps!.read('score-changes')).toEqual(atOnce!.read('score-changes'))
    }),
    { numRuns: 100 },
  )
})
