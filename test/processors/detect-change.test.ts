import { describe, expect, it } from 'vitest'
import { compileModel } from '../../models/linear-model.ts'
import type { LinearModel } from '../../schemas/model.ts'
import { parseSettings } from '../../schemas/settings.ts'
import { createDriver } from '../driver.ts'
import { DAY, NOON, survey } from './build-event.ts'

/** Log odds = the NPS answer less 7.5, so that an answer sets both probabilities: 0.18, 0.38, 0.62, 0.82, 0.92 for 6 to 10. */
const model = (kind: 'lead' | 'churn'): LinearModel => ({
  name: 'answers',
  kind,
  version: `${kind}-answers-1`,
  intercept: 0,
  inputs: [{ feature: 'nps', basis: { kind: 'linear', missing: false }, means: [0], scales: [1], coefficients: [2.5] }],
})
const models = { lead: compileModel(model('lead')), churn: compileModel(model('churn')) }

function movesOf(settings: object, ...answers: (readonly [score: number, day: number])[]) {
  const driver = createDriver({ now: NOON + 100 * DAY, models, settings: parseSettings(settings) })
  for (const [score, day] of answers) driver.pipe('surveys', survey({ score, occurredAt: NOON + day * DAY }))
  const changes = driver.read('score-changes')
  const movesBy = (kind: string) => changes.filter((each) => each.kind === kind).map(({ from, to }) => `${from}>${to}`)
  return { lead: movesBy('lead'), churn: movesBy('churn'), changes, customers: driver.read('customers') }
}

describe('detect-change', () => {
  it('says every move of grade and band once, also of several classes', () => {
    const { lead, churn } = movesOf({}, [6, 0], [6, 1], [9, 2], [10, 3], [7, 4])
    expect(lead).toEqual(['null>F', 'F>A', 'A>D'])
    expect(churn).toEqual(['null>Low', 'Low>High', 'High>Medium'])
  })

  it('carries the value with which the former class began, reasons and the version of the model', () => {
    const { changes } = movesOf({}, [6, 0], [5, 1], [9, 2])
    const move = changes.find(({ kind, from }) => kind === 'lead' && from === 'F')!
    expect(move.fromValue).toBeCloseTo(1 / (1 + Math.exp(1.5)), 12)
    expect(move.toValue).toBeCloseTo(1 / (1 + Math.exp(-1.5)), 12)
    expect(move).toMatchObject({
      occurredAt: NOON + 2 * DAY,
      modelVersion: 'lead-answers-1',
      reasons: [{ feature: 'nps', value: 0.6, contribution: 1.5 }],
    })
  })

  it('stays within the margin: the held grade is what the record shows', () => {
    const { lead, customers } = movesOf({ margins: { lead: 0.1 } }, [7, 0], [8, 1], [9, 2])
    // 0.62 is past the edge of B by less than the margin, so the held grade climbs to C only
    expect(lead).toEqual(['null>D', 'D>C', 'C>B'])
    expect(customers.map(({ lead: { grade } }) => grade)).toEqual(['D', 'C', 'B'])
  })

  it('moves at most once in the minimum interval', () => {
    const { lead, customers } = movesOf({ minIntervalMs: { lead: 5 * DAY } }, [6, 0], [10, 2], [10, 4], [10, 5])
    expect(lead).toEqual(['null>F', 'F>A'])
    expect(customers.map(({ lead: { grade } }) => grade)).toEqual(['F', 'F', 'F', 'A'])
  })

  it('gives changes that later events do not write over', () => {
    const { changes } = movesOf({}, [6, 0], [10, 1], [9, 2])
    expect(changes[0]!.reasons[0]!.contribution).toBe(-1.5)
  })
})
