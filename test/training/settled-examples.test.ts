import { describe, expect, it } from 'vitest'
import { settledExamples } from '../../training/settled-examples.ts'
import { DAY } from '../processors/build-event.ts'
import { example } from './build-examples.ts'

const daily = (days: number) => Array.from({ length: days }, (_, day) => example({ at: 1_000 + day * DAY }))

describe('settledExamples', () => {
  it('leaves the first 30 days out', () => {
    const examples = daily(100)
    expect(settledExamples(examples)).toEqual(examples.slice(30))
  })

  it('keeps all where less than a third would be left', () => {
    expect(settledExamples(daily(45))).toHaveLength(15)
    expect(settledExamples(daily(44))).toHaveLength(44)
  })

  it('keeps examples without an order in time', () => {
    expect(settledExamples([example(), example()])).toHaveLength(2)
    expect(settledExamples([])).toEqual([])
  })
})
