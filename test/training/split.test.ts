import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../training/random.ts'
import { newestBefore, splitAt, splitByTime, splitStratified } from '../../training/split.ts'
import { example } from './build-examples.ts'

const examples = Array.from({ length: 100 }, (_, i) =>
  example({ customer: `shop/c-${i}`, at: i, knownAt: i + 20, label: i % 4 === 0 ? 1 : 0 }),
)

describe('splitAt', () => {
  it('learns only from labels that were known when testing began', () => {
    const { train, test } = splitAt(examples, 60)
    expect(Math.max(...train.map(({ knownAt }) => knownAt))).toBe(60)
    expect(Math.min(...test.map(({ at }) => at))).toBe(60)
    expect(train.length + test.length).toBe(41 + 40)
  })
})

describe('splitByTime', () => {
  it('tests on the newest', () => {
    expect(splitByTime(examples, 0.3).test.map(({ at }) => at)).toEqual(Array.from({ length: 30 }, (_, i) => 70 + i))
  })
})

describe('newestBefore', () => {
  it('takes who was seen before a moment, whether or not the label was known, and of many the newest', () => {
    expect(newestBefore(examples, 60)).toEqual(examples.slice(0, 60))
    const many = Array.from({ length: 1_500 }, (_, i) => example({ at: 1_500 - i }))
    expect(newestBefore(many, 1_401).map(({ at }) => at)).toEqual(Array.from({ length: 1_000 }, (_, i) => 401 + i))
  })
})

describe('splitStratified', () => {
  it('keeps the classes in proportion and loses nobody', () => {
    const { train, test } = splitStratified(examples, 0.2, seededRandom(1))
    expect(test.filter(({ label }) => label === 1)).toHaveLength(5)
    expect(test).toHaveLength(20)
    expect(new Set([...train, ...test].map(({ customer }) => customer)).size).toBe(100)
  })

  it('differs by seed and by nothing else', () => {
    const of = (seed: number) => splitStratified(examples, 0.2, seededRandom(seed)).test.map(({ at }) => at)
    expect(of(1)).toEqual(of(1))
    expect(of(1)).not.toEqual(of(2))
  })
})
