import { describe, expect, it } from 'vitest'
import { measuresOf, tabulate, tierTable } from '../../training/class-table.ts'

describe('measuresOf', () => {
  it('reads accuracy, recall, precision and F1 off the table', () => {
    // scikit-learn's classification_report of the same labels, and by hand
    const actual = [0, 0, 0, 0, 1, 1, 1, 2, 2, 2]
    const predicted = [0, 0, 1, 2, 1, 1, 0, 2, 2, 1]
    const table = tabulate(['Low', 'Medium', 'High'], predicted, actual)
    expect(table.counts).toEqual([
      [2, 1, 0],
      [1, 2, 1],
      [1, 0, 2],
    ])
    const { accuracy, recall, precision, f1 } = measuresOf(table)
    expect(accuracy).toBe(0.6)
    expect(recall).toEqual([0.5, 2 / 3, 2 / 3])
    expect(precision).toEqual([2 / 3, 0.5, 2 / 3])
    expect(f1[0]).toBeCloseTo(4 / 7, 12)
  })

  it('is 0 for a class that never comes', () => {
    expect(measuresOf(tabulate(['a', 'b'], [0], [0]))).toEqual({
      accuracy: 1,
      recall: [1, 0],
      precision: [1, 0],
      f1: [1, 0],
    })
  })
})

describe('tierTable', () => {
  it('says what working from the top finds', () => {
    const rows = tierTable(['F', 'A'], [0.1, 0.2, 0.8, 0.9], [1, 0, 0, 1], (p) => (p >= 0.5 ? 1 : 0))
    expect(rows).toEqual([
      { tier: 'F', examples: 2, positives: 1, recallFromTop: 1 },
      { tier: 'A', examples: 2, positives: 1, recallFromTop: 0.5 },
    ])
  })
})
