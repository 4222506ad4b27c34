import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { npsBandOf, npsClassOf, npsScoreOf } from '../../models/nps-score.ts'
import { windowsOf } from '../../models/windows.ts'
import type { Nps } from '../../schemas/avro/nps.ts'
import type { Survey } from '../../schemas/avro/survey.ts'
import { DAY, HOUR, START } from '../aggregates/aggregate-bench.ts'
import { survey } from '../processors/build-event.ts'
import { WindowRun } from './window-run.ts'

type Counts = { promoters: number; passives: number; detractors: number }

function resultsOf(run: WindowRun): Map<string, Counts> {
  const found = [...run.bench.results.values()].map(({ value }) => value as Nps)
  return new Map(
    found
      .filter(({ total }) => total > 0)
      .map(({ windowStart, windowEnd, groupKey, groupValue, promoters, passives, detractors }) => [
        `${windowStart}-${windowEnd} ${groupKey}=${groupValue}`,
        { promoters, passives, detractors },
      ]),
  )
}

describe('an answer', () => {
  test('counts in each of its windows, and in its groups', () => {
    const run = new WindowRun()
    run.batch((driver) =>
      driver.pipe('surveys', survey({ score: 10, occurredAt: START, attributes: { plan: 'pro', size: 'L' } })),
    )
    const windows = windowsOf(START, run.bench.settings, 'nps')
    expect(windows).toHaveLength(9)
    const keys = windows.flatMap(({ start, end }) => [`${start}-${end} null=null`, `${start}-${end} plan=pro`])
    expect([...resultsOf(run).keys()].sort()).toEqual(keys.sort())
  })

  test('replaces the earlier one of its survey, also one of another class and group', () => {
    const run = new WindowRun({ nps: { tumblingMs: [], hopping: [] } })
    const at = (hours: number, score: number, plan: string, of = 'a') =>
      run.batch((driver) =>
        driver.pipe('surveys', survey({ score, occurredAt: START + hours * HOUR, attributes: { plan, survey: of } })),
      )
    at(1, 10, 'pro')
    at(2, 3, 'free')
    at(1.5, 8, 'pro')
    at(2, 7, 'pro', 'b')
    expect(Object.fromEntries(resultsOf(run))).toEqual({
      '0-null null=null': { promoters: 0, passives: 1, detractors: 1 },
      '0-null plan=free': { promoters: 0, passives: 0, detractors: 1 },
      '0-null plan=pro': { promoters: 0, passives: 1, detractors: 0 },
    })
  })

  test('whose attribute is too long is a dead letter, and counts without that group', () => {
    const run = new WindowRun({ nps: { groupValueBytes: 3, tumblingMs: [], hopping: [] } })
    run.batch((driver) => driver.pipe('surveys', survey({ attributes: { plan: 'long', region: 'EU' } })))
    expect(run.driver.read('dead-letters')).toMatchObject([{ stage: 'window', reason: 'GROUP_VALUE_TOO_LONG' }])
    expect([...resultsOf(run).keys()]).toEqual(['0-null null=null', '0-null region=EU'])
  })

  test('beyond the grace is a dead letter of stage window, and counts since ever', () => {
    const run = new WindowRun({ windows: { graceMs: HOUR }, nps: { hopping: [] } })
    run.batch((driver) => {
      driver.pipe('surveys', survey({ customerId: 'ben', occurredAt: START + DAY + HOUR }))
      expect(driver.pipe('surveys', survey({ occurredAt: START }))).toEqual({ kind: 'forward' })
    })
    expect(run.driver.read('dead-letters')).toMatchObject([{ stage: 'window', reason: 'LATE' }])
    expect([...resultsOf(run).entries()].map(([key, { promoters }]) => [key, promoters])).toEqual([
      [`${START + DAY}-${START + 2 * DAY} null=null`, 1],
      ['0-null null=null', 2],
    ])
  })
})

interface Run {
  readonly customers: number
  readonly events: readonly Survey[]
}

/** Answers of a few customers over a few days, in any order, some of them twice. */
const anyRun: fc.Arbitrary<Run> = fc
  .array(
    fc.record({
      customerId: fc.constantFrom('ada', 'ben', 'cid'),
      score: fc.integer({ min: 0, max: 10 }),
      occurredAt: fc.integer({ min: 0, max: 12 * 24 }).map((hours) => START + hours * HOUR),
      attributes: fc.record(
        { plan: fc.constantFrom('pro', 'free'), survey: fc.constantFrom('exit', 'visit') },
        { requiredKeys: [] },
      ),
    }),
    { maxLength: 40 },
  )
  .chain((answers) => {
    const events = answers.map((fields, i) =>
      survey({ ...fields, attributes: { ...fields.attributes } as Record<string, string>, eventId: `e-${i}` }),
    )
    return fc.array(fc.nat({ max: Math.max(0, events.length - 1) }), { maxLength: 5 }).map((again) => ({
      customers: 3,
      events: events.length === 0 ? [] : [...events, ...again.map((i) => events[i]!)],
    }))
  })

/** The last answer of each customer and survey in each window that was open when it came, by brute force. */
function expected({ events }: Run, run: WindowRun): { counts: Map<string, Counts>; late: number } {
  const { settings } = run.bench
  const seen = new Set<string>()
  const inWindow = new Map<string, Map<string, Survey[]>>()
  let streamTime = Number.NEGATIVE_INFINITY
  let late = 0
  for (const event of events) {
    if (seen.has(event.eventId)) continue
    seen.add(event.eventId)
    const windows = windowsOf(event.occurredAt, settings, 'nps')
    const open = windows.filter(({ end }) => end === null || streamTime < end + settings.windows.graceMs)
    if (open.length < windows.length) late++
    streamTime = Math.max(streamTime, event.occurredAt)
    for (const { start, end } of open) {
      const answers = inWindow.get(`${start}-${end}`) ?? new Map<string, Survey[]>()
      inWindow.set(`${start}-${end}`, answers)
      const survey = event.attributes['survey'] ?? ''
      const who = survey === 'visit' ? event.eventId : `${event.customerId} ${survey}`
      answers.set(who, [...(answers.get(who) ?? []), event])
    }
  }
  const counts = new Map<string, Counts>()
  for (const [window, answers] of inWindow) {
    for (const events of answers.values()) {
      const last = events.reduce((newest, each) => (each.occurredAt >= newest.occurredAt ? each : newest))
      const { plan } = last.attributes
      for (const group of ['null=null', ...(plan === undefined ? [] : [`plan=${plan}`])]) {
        const key = `${window} ${group}`
        const before = counts.get(key) ?? { promoters: 0, passives: 0, detractors: 0 }
        counts.set(key, { ...before, [npsClassOf(last.score)]: before[npsClassOf(last.score)] + 1 })
      }
    }
  }
  return { counts, late }
}

test('shuffled, late and repeated answers count as brute force counts them', () => {
  fc.assert(
    fc.property(anyRun, fc.integer({ min: 1, max: 10 }), (run, batchSize) => {
      const settings = {
        windows: { graceMs: 2 * DAY, keptMs: 366 * DAY },
        nps: { tumblingMs: [DAY], hopping: [{ sizeMs: 3 * DAY, hopMs: DAY }], replaceAnswersOf: { visit: false } },
      }
      const windowRun = new WindowRun(settings)
      for (let i = 0; i < run.events.length; i += batchSize) {
        windowRun.batch((driver) => {
          for (const event of run.events.slice(i, i + batchSize)) driver.pipe('surveys', event)
        })
        windowRun.bench.restart()
      }
      const truth = expected(run, windowRun)
      expect(resultsOf(windowRun)).toEqual(truth.counts)
      const letters = windowRun.driver.read('dead-letters')
      expect(letters.map(({ stage, reason }) => `${stage} ${reason}`)).toEqual(
        Array.from({ length: truth.late }, () => 'window LATE'),
      )
    }),
    { numRuns: 200 },
  )
})

/**
 * Scores of the 13,954 answers of a French retailer's survey (SB427/CoursR_InitiationNLP on GitHub, nps.csv), how often
 * each; 342 respondents left the score out.
 */
const RETAIL_SCORES = [0, 83, 53, 65, 101, 401, 491, 1061, 2892, 2487, 5978]

test('the 13,612 answers of a real survey have the NPS 53.416', () => {
  const run = new WindowRun({ nps: { tumblingMs: [], hopping: [] } })
  const scores = RETAIL_SCORES.flatMap((count, score) => Array.from({ length: count }, () => score))
  expect(scores).toHaveLength(13_612)
  run.batch((driver) => {
    // A stride without a common divisor mixes the scores.
    for (let i = 0; i < scores.length; i++) {
      const score = scores[(i * 7919) % scores.length]!
      driver.pipe('surveys', survey({ score, customerId: `c-${i}`, occurredAt: START + i * 60_000 }))
    }
  })
  const [result] = [...run.bench.results.values()].map(({ value }) => value as Nps)
  expect(result).toMatchObject({ promoters: 8465, passives: 3953, detractors: 1194, total: 13_612, band: 'great' })
  expect(result!.nps).toBeCloseTo(53.416, 3)
})

describe('npsScoreOf', () => {
  // The formula in Python, with statistics.NormalDist.
  test.each<[counts: [number, number, number], nps: number, low: number, high: number]>([
    [[8465, 3953, 1194], 53.41610343814281, 52.31012685770337, 54.4985400537913],
    [[1, 0, 0], 100, -48.498649420252015, 98.49864942025202],
    [[0, 0, 3], -100, -100, 6.579286703808574],
    [[5, 0, 5], 0, -51.127394223814136, 51.127394223814136],
  ])('%j', ([promoters, passives, detractors], nps, low, high) => {
    const score = npsScoreOf({ promoters, passives, detractors })
    expect([score.nps, score.low, score.high]).toEqual([nps, low, high].map((each) => expect.closeTo(each, 9)))
  })

  test('stays within -100 and 100, the interval around the adjusted score', () => {
    const count = fc.nat({ max: 10_000 })
    fc.assert(
      fc.property(count, count, count, (promoters, passives, detractors) => {
        const { total, nps, low, high } = npsScoreOf({ promoters, passives, detractors })
        if (total === 0) expect([nps, low, high]).toEqual([null, null, null])
        else {
          expect(low).toBeGreaterThanOrEqual(-100)
          expect(high).toBeLessThanOrEqual(100)
          expect(low).toBeLessThan(high!)
        }
      }),
    )
  })

  test.each([
    [70, 'excellent'],
    [69.5, 'great'],
    [50, 'great'],
    [30, 'good'],
    [0, 'needs work'],
    [-0.5, 'critical'],
    [-100, 'critical'],
  ])('an NPS of %d is %s', (nps, band) => {
    expect(npsBandOf(nps, new WindowRun().bench.settings.nps.bands)).toBe(band)
  })
})
