import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { add, multiply, negate, parseDecimal, toInteger, toScale } from '../../../connectors/file-replay/decimal.ts'
import { minorDigits } from '../../../schemas/minor-digits.ts'

/** Whole part and three decimals, and the same number in thousandths. */
const amount = fc
  .record({ isNegative: fc.boolean(), whole: fc.nat(10_000_000), thousandths: fc.nat(999) })
  .map(({ isNegative, whole, thousandths }) => ({
    text: `${isNegative ? '-' : ''}${whole}.${String(thousandths).padStart(3, '0')}`,
    thousandths: BigInt(isNegative ? -1 : 1) * (BigInt(whole) * 1000n + BigInt(thousandths)),
  }))

describe('decimal', () => {
  it('sums quantity × price exactly, as integers of thousandths do', () => {
    const line = fc.record({ price: amount, quantity: fc.integer({ min: -80_995, max: 80_995 }) })
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 50 }), (lines) => {
        const sum = lines
          .map(({ price, quantity }) => multiply(parseDecimal(price.text)!, parseDecimal(String(quantity))!))
          .reduce(add)
        const expected = lines.reduce((total, each) => total + each.price.thousandths * BigInt(each.quantity), 0n)
        expect(sum.units * 10n ** BigInt(3 - sum.scale)).toBe(expected)
        expect(toScale(sum, 3)).toBe(Number(expected))
      }),
    )
  })

  it('rounds half away from zero, on both sides alike', () => {
    fc.assert(
      fc.property(amount, ({ text, thousandths }) => {
        const size = thousandths < 0n ? -thousandths : thousandths
        const expected = Number((size + 5n) / 10n) * (thousandths < 0n ? -1 : 1)
        expect(toScale(parseDecimal(text)!, 2)).toBe(expected + 0)
        expect(toScale(negate(parseDecimal(text)!), 2)).toBe(0 - expected)
      }),
    )
  })

  it('keeps what a float would lose', () => {
    expect(toScale(parseDecimal('1.005')!, 2)).toBe(101)
    expect(toScale(parseDecimal('90071992547409.91')!, 2)).toBe(9_007_199_254_740_991)
    expect(toScale(parseDecimal('90071992547409.92')!, 2)).toBeNull()
  })

  it.each(['', '.', '-', '1,000.50', '1e3', '£5', 'NaN', 'Infinity', ' 1', '0x10', '1.2.3', '1'.repeat(41)])(
    'takes %j for no number',
    (text) => expect(parseDecimal(text)).toBeNull(),
  )

  it.each([
    ['10.0', 10],
    ['+7', 7],
    ['-3.', -3],
    ['.0', 0],
    ['-0', 0],
    ['8.5', null],
    ['9007199254740993', null],
  ])('reads %s as the integer %s', (text, expected) => expect(toInteger(parseDecimal(text)!)).toBe(expected))

  it('knows the decimals of currencies', () => {
    expect(['GBP', 'JPY', 'KWD', 'CLF', 'XXX'].map(minorDigits)).toEqual([2, 0, 3, 4, 2])
  })
})
