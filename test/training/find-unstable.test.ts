import { describe, expect, it } from 'vitest'
import { FEATURES } from '../../models/features.ts'
import { chooseInputs } from '../../training/choose-inputs.ts'
import type { TrainingExample } from '../../training/example.ts'
import { findUnstable } from '../../training/find-unstable.ts'
import { normal, type Random, seededRandom } from '../../training/random.ts'
import { example, traitsOf } from './build-examples.ts'

const PURCHASES = FEATURES.findIndex(({ name }) => name === 'purchases')
const RATE = FEATURES.findIndex(({ name }) => name === 'purchase_rate')

/** Customers whose number of purchases is larger by `grown`, and whose rate is what it was. */
function seen(length: number, random: Random, grown = 0, customers = length): TrainingExample[] {
  return Array.from({ length }, (_, i) => {
    const one = example({
      customer: `shop/c-${i % customers}`,
      traits: traitsOf({ region: random() < 0.5 ? 'N' : 'S' }),
    })
    one.features[PURCHASES] = Math.abs(normal(random)) + grown
    one.features[RATE] = Math.abs(normal(random))
    return one
  })
}

const find = (examples: TrainingExample[], recent: TrainingExample[]) =>
  findUnstable(
    chooseInputs(examples),
    examples.map(({ customer }) => customer),
    recent,
  )

describe('findUnstable', () => {
  const random = seededRandom(1)
  const examples = seen(3_000, random)

  it('finds what has moved since the examples, and nothing else', () => {
    const found = find(examples, seen(1_000, random, 0.5))
    expect(found.map(({ feature }) => feature)).toEqual(['purchases'])
    expect(found[0]!.psi).toBeGreaterThan(0.2)
  })

  it('finds nothing where nothing moved', () => {
    expect(find(examples, seen(1_000, random))).toEqual([])
  })

  it('finds a trait that nobody has any more', () => {
    const without = seen(1_000, random).map((each) => ({ ...each, traits: [] }))
    expect(find(examples, without).map(({ feature }) => feature)).toEqual(['traits.region'])
  })

  it('says nothing of fewer than 500 customers, however many examples there are of them', () => {
    expect(find(examples, seen(2_000, random, 2, 499))).toEqual([])
    expect(find(examples, seen(2_000, random, 2, 500))).toHaveLength(1)
  })
})
