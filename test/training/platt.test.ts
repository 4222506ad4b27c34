import { describe, expect, it } from 'vitest'
import { fitPlatt } from '../../training/platt.ts'
import { normal, seededRandom } from '../../training/random.ts'

const draw = (length: number, slope: number, offset: number) => {
  const random = seededRandom(3)
  const logOdds = Float64Array.from({ length }, () => 2 * normal(random))
  return { logOdds, labels: logOdds.map((x) => (random() < 1 / (1 + Math.exp(-slope * x - offset)) ? 1 : 0)) }
}

describe('fitPlatt', () => {
  it.each([
    [1, 0],
    [0.5, -1],
    [1.8, 0.7],
  ])('finds slope %d and offset %d of log odds that are wrong by them', (slope, offset) => {
    const { logOdds, labels } = draw(20_000, slope, offset)
    const fitted = fitPlatt(logOdds, labels)
    expect(Math.abs(fitted.slope - slope)).toBeLessThan(0.06)
    expect(Math.abs(fitted.offset - offset)).toBeLessThan(0.06)
  })

  it('stays finite where the scores separate the classes', () => {
    const { slope, offset } = fitPlatt([-3, -2, -1, 1, 2, 3], [0, 0, 0, 1, 1, 1])
    expect(slope).toBeGreaterThan(0)
    expect(Number.isFinite(offset)).toBe(true)
  })

  it('turns no ranking round: where the scores fall with the labels it leaves them', () => {
    const { logOdds, labels } = draw(2000, -1, 0)
    expect(fitPlatt(logOdds, labels)).toEqual({ slope: 1, offset: 0 })
  })
})
