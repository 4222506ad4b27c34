import { describe, expect, it } from 'vitest'
import { chooseInputs } from '../../training/choose-inputs.ts'
import { findLeaks } from '../../training/find-leaks.ts'
import { normal, seededRandom } from '../../training/random.ts'
import { example, traitsOf } from './build-examples.ts'

const random = seededRandom(1)
const examples = Array.from({ length: 2000 }, (_, i) => {
  const label = i % 3 === 0 ? 1 : 0
  return example({
    customer: `shop/c-${i}`,
    label,
    traits: traitsOf({
      closedReason: label === 1 ? (random() < 0.98 ? 'won' : 'unknown') : random() < 0.98 ? 'lost' : 'unknown',
      dealSize: label === 1 ? 100 + random() : null,
      helpful: label + normal(random),
      lead: `lead-${i}`,
    }),
  })
})
const labels = Uint8Array.from(examples, ({ label }) => label)
const customers = examples.map(({ customer }) => customer)

describe('findLeaks', () => {
  it('reports what alone separates the classes, by value or by being there, and not what only helps', () => {
    const leaks = findLeaks(chooseInputs(examples), labels, customers)
    expect(leaks.map(({ trait }) => trait)).toEqual(['dealSize', 'closedReason'])
    expect(leaks.every(({ auc }) => auc > 0.97)).toBe(true)
  })

  it('is not taken in by a name that everybody has for himself', () => {
    const columns = chooseInputs(examples, { pieces: 10, minLevelExamples: 1, maxLevels: 5000 })
    expect(columns.some(({ feature }) => feature === 'traits.lead')).toBe(true)
    expect(findLeaks(columns, labels, customers).map(({ trait }) => trait)).not.toContain('lead')
  })
})
