import { describe, expect, test } from 'vitest'
import { DEFAULT_SETTINGS } from '../../../schemas/settings.ts'
import { makeResults, type Unit } from './build-results.ts'
import { decodeCrossSell, decodeNps, encodeCrossSell, encodeNps } from './evidence-codecs.ts'
import type { Finding, FindingKind } from './findings.ts'
import { judgeResults, type PlacedRecord, type ResultEvidence } from './judge-results.ts'
import { makeReference } from './make-reference.ts'
import { findings, judge, right, rightRun } from './spoil.ts'

const ofRight = judge(right)

async function judged(results: ResultEvidence): Promise<Finding[]> {
  const { counts } = await ofRight
  const reference = await makeReference(right)
  await reference.schemas.prepare([...results.nps, ...results.crossSell, ...results.populationDeltas])
  const found: Finding[] = []
  judgeResults(results, counts, reference, (kind, text) => found.push({ kind, text }))
  return found
}

/** The kinds of what is found when aggregate tasks count other units of work. */
async function counting(units: readonly Unit[]): Promise<FindingKind[]> {
  const { populationDeltas } = rightRun.results
  const counted = makeResults(units, new Map([['acme', DEFAULT_SETTINGS]]), right.readUpTo)
  return [...new Set((await judged({ ...counted, populationDeltas })).map(({ kind }) => kind))]
}

const lists = ({ nps, crossSell, view, ...rest }: ResultEvidence) => ({
  ...rest,
  nps: [...nps],
  crossSell: [...crossSell],
  view: new Map(view),
})

async function kindsOf(spoil: (results: ReturnType<typeof lists>) => void): Promise<FindingKind[]> {
  const results = lists(rightRun.results)
  spoil(results)
  return [...new Set((await judged(results)).map(({ kind }) => kind))]
}

/** The last record of a key whose newest value is one. */
function lastOf(records: readonly PlacedRecord[]): number {
  return records.findLastIndex(({ value }) => value !== null)
}

const unitWith = (topic: string): number => {
  const found = [...rightRun.units.keys()].filter((at) => rightRun.units[at]!.some((each) => each.topic === topic))
  return found[found.length >> 1]!
}

describe('results without a fault', () => {
  test('have no findings, and there are many', async () => {
    expect(await judged(rightRun.results)).toEqual([])
    expect(rightRun.results.nps.length).toBeGreaterThan(200)
    expect(rightRun.results.crossSell.length).toBeGreaterThan(400)
    expect((await ofRight).late).toBeGreaterThan(5)
  })
})

describe('in windows and populations', () => {
  test.each([
    ['nps-deltas', 'wrongWindows'],
    ['basket-deltas', 'wrongWindows'],
    ['population-deltas', 'wrongPopulations'],
  ])('a unit of %s that was not counted is found', async (topic, kind) => {
    expect(await counting(rightRun.units.toSpliced(unitWith(topic), 1))).toContain(kind)
  })

  test.each([
    ['nps-deltas', 'wrongWindows'],
    ['basket-deltas', 'wrongWindows'],
    ['population-deltas', 'wrongPopulations'],
  ])('a unit of %s that was counted twice is found', async (topic, kind) => {
    const at = unitWith(topic)
    expect(await counting(rightRun.units.toSpliced(at, 0, rightRun.units[at]!))).toContain(kind)
  })

  test('a final result that is not the last word is found', async () => {
    expect(await kindsOf(({ nps }) => nps.splice(lastOf(nps), 1))).toContain('wrongWindows')
    expect(await kindsOf(({ crossSell }) => crossSell.splice(lastOf(crossSell), 1))).toContain('wrongWindows')
  })

  test('a final result that was sent twice is found', async () => {
    const kinds = await kindsOf(({ nps }) => {
      const last = nps.findLast(({ value }) => decodeNps(value!).final)!
      nps.push(last)
    })
    expect(kinds).toEqual(['wrongWindows'])
  })

  test.each(['promoters', 'passives', 'detractors', 'total', 'nps', 'npsLow', 'npsHigh', 'windowStart'] as const)(
    'another %s of NPS is found',
    async (field) => {
      const kinds = await kindsOf(({ nps, view }) => {
        const at = lastOf(nps)
        const result = decodeNps(nps[at]!.value!)
        const value = encodeNps({ ...result, [field]: (result[field] ?? 0) + 1 })
        nps[at] = { ...nps[at]!, value }
        view.set(String(nps[at].key), value)
      })
      expect(kinds).toEqual(['wrongWindows'])
    },
  )

  test.each(['orders', 'ordersA', 'ordersB', 'totalOrders', 'support', 'confidenceAB', 'lift', 'maxError'] as const)(
    'another %s of a pair is found',
    async (field) => {
      const kinds = await kindsOf(({ crossSell, view }) => {
        const at = lastOf(crossSell)
        const result = decodeCrossSell(crossSell[at]!.value!)
        const value = encodeCrossSell({ ...result, [field]: result[field] + 1 })
        crossSell[at] = { ...crossSell[at]!, value }
        view.set(String(crossSell[at].key), value)
      })
      expect(kinds).toEqual(['wrongWindows'])
    },
  )

  test('an older result in Redis is a difference', async () => {
    const kinds = await kindsOf(({ view }) => {
      const [first, second] = [...view.keys()]
      view.set(first!, view.get(second!)!)
    })
    expect(kinds).toEqual(['different'])
  })
})

describe('of late events', () => {
  const isLate = ({ headers }: { headers: ReadonlyMap<string, string> }): boolean => headers.get('reason') === 'LATE'

  test('a dead letter that is missing is found', async () => {
    const kinds = await findings(({ deadLetters }) => deadLetters.splice(deadLetters.findIndex(isLate), 1))
    expect(kinds).toContain('wrongWindows')
  })

  test('a dead letter that says another stream time is found', async () => {
    const kinds = await findings(({ deadLetters }) => {
      const at = deadLetters.findIndex(isLate)
      const { headers, ...letter } = deadLetters[at]!
      const error = headers.get('error')!.replace(/stream time is \d/, 'stream time is 9')
      deadLetters[at] = { ...letter, headers: new Map([...headers, ['error', error]]) }
    })
    expect(kinds).toContain('wrongWindows')
  })

  test('a dead letter of what was in time is found', async () => {
    const kinds = await findings(({ deadLetters, customers }) => {
      const letter = deadLetters.find(isLate)!
      const view = customers.findLast(({ headers }) => headers.get('topic') === 'interactions')!
      deadLetters.push({ ...letter, headers: new Map([...letter.headers, ...view.headers]) })
    })
    expect(kinds).toEqual(['wrongWindows'])
  })
})
