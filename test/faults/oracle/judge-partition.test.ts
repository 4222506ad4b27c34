import { describe, expect, test } from 'vitest'
import { evenly, thresholds } from '../../processors/build-thresholds.ts'
import { makeEvidence } from './build-evidence.ts'
import { decodeChange } from './evidence-codecs.ts'
import type { Published } from './make-reference.ts'
import { judge, right, sent, someLoad, UNTIL } from './spoil.ts'

const DAY_MS = 86_400_000

describe('a run without a fault', () => {
  test('has no findings, and every input has its fate', async () => {
    const { findings, ...figures } = await judge(right)
    expect(findings).toEqual([])
    const { events, scored, duplicates, deadLetters, erasures } = figures
    expect(events).toBe(sent.length)
    expect(scored + duplicates + deadLetters + erasures).toBe(events)
    for (const each of [scored, duplicates, deadLetters, erasures]) expect(each).toBeGreaterThan(1)
    expect(figures.otherCauses).toBeGreaterThan(0)
    expect(figures.changes).toBeGreaterThan(20)
  })

  test('is judged by the settings that its records name', async () => {
    const settings = {
      acme: {
        version: 3,
        currency: 'JPY',
        reasons: 5,
        thresholds: { lead: [0.1, 0.2, 0.5, 0.7], churn: [0.2, 0.4] },
        margins: { lead: 0.05, churn: 0 },
        minIntervalMs: { lead: 86_400_000, churn: 3_600_000 },
        sessionGapMs: 60_000,
      },
    }
    const evidence = makeEvidence(sent, { settings })
    expect((await judge(evidence, { settings })).findings).toEqual([])
    expect((await judge(evidence)).findings.length).toBeGreaterThan(0)
    const other = { acme: { ...settings.acme, margins: { lead: 0.01, churn: 0 } } }
    expect((await judge(evidence, { settings: other })).findings.length).toBeGreaterThan(0)
  })

  test('is judged by the thresholds that its records name', async () => {
    const today = Math.floor(UNTIL / DAY_MS)
    const published: Published = {
      settings: {
        acme: {
          currency: 'GBP',
          thresholds: { tier: [0.2, 0.4, 0.6, 0.8] },
          margins: { tier: 0.1 },
          population: { loyaltyWeights: { recency: 0.9, frequency: 0.3, monetary: 0.1 } },
        },
      },
      thresholds: thresholds({
        recency: evenly(today - 100, today),
        frequency: evenly(1, 9),
        monetary: { GBP: evenly(0, 100_000), JPY: evenly(0, 20_000) },
      }),
    }
    const evidence = makeEvidence(sent, published)
    const { findings, changes } = await judge(evidence, published)
    expect(findings).toEqual([])
    const kinds = evidence.changes.map(({ value }) => decodeChange(value!).kind)
    expect(changes).toBe(kinds.length)
    for (const kind of ['segment', 'tier']) expect(kinds.filter((each) => each === kind).length).toBeGreaterThan(20)
    expect((await judge(evidence)).findings.length).toBeGreaterThan(0)
    const other = { ...published, thresholds: { ...published.thresholds!, segments: [6, 8, 10] } }
    expect((await judge(evidence, other)).findings.map(({ kind }) => kind)).toContain('wrongScores')
  })

  test('of one busy customer has duplicates that are too old to be remembered', async () => {
    const load = someLoad(3, 800, 1)
    const { findings, duplicates, scored, events, deadLetters, erasures } = await judge(makeEvidence(load))
    expect(findings).toEqual([])
    expect(duplicates).toBe(events - scored - deadLetters - erasures)
    expect(new Set(load.map((each) => JSON.stringify(each))).size).toBeLessThan(scored + erasures + deadLetters)
  })
})
