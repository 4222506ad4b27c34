import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chooseInputs } from '../../training/choose-inputs.ts'
import { createDesign, type Design } from '../../training/design.ts'
import { gradientStart } from '../../training/gradient-start.ts'
import { informationOf } from '../../training/information.ts'
import { type FitInput, fitByNewton, gradientOf, lossOf } from '../../training/newton.ts'
import { example, examplesOfTruth, traitsOf } from './build-examples.ts'

function inputOf(length: number, penalty: number, pieces = 3): FitInput {
  const { examples } = examplesOfTruth(length, 5)
  const columns = chooseInputs(examples, { pieces, minLevelExamples: 10, maxLevels: 5 })
  return {
    design: createDesign(columns, length),
    labels: Uint8Array.from(examples, ({ label }) => label),
    weights: Float64Array.from({ length }, (_, i) => 1 + (i % 3)),
    rows: Int32Array.from({ length }, (_, i) => i).filter((i) => i % 7 !== 0),
    penalty,
  }
}

const standardised = ({ scales }: Design, coefficients: Float64Array) =>
  coefficients.map((each, i) => each * scales[i]!)

describe('the loss', () => {
  const input = inputOf(300, 2)
  const { terms } = input.design
  const anyFit = fc
    .array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: terms + 1, maxLength: terms + 1 })
    .map(([intercept, ...coefficients]) => ({ intercept: intercept!, coefficients: Float64Array.from(coefficients) }))
  const nudged = (fit: { intercept: number; coefficients: Float64Array }, i: number, by: number) => ({
    intercept: fit.intercept + (i === terms ? by : 0),
    coefficients: fit.coefficients.map((each, j) => (i === j ? each + by : each)),
  })

  it('has the derivatives that it is descended by', () => {
    fc.assert(
      fc.property(anyFit, fc.nat({ max: terms }), (fit, i) => {
        const slope = (lossOf(input, nudged(fit, i, 1e-5)) - lossOf(input, nudged(fit, i, -1e-5))) / 2e-5
        expect(gradientOf(input, fit)[i]).toBeCloseTo(slope, 3)
      }),
      { numRuns: 30 },
    )
  })

  it('has the second derivatives of its first ones', () => {
    fc.assert(
      fc.property(anyFit, fc.nat({ max: terms }), (fit, i) => {
        const information = informationOf(input, fit)
        const above = gradientOf(input, nudged(fit, i, 1e-5))
        const below = gradientOf(input, nudged(fit, i, -1e-5))
        for (let j = 0; j <= terms; j++) {
          const penalty = i === j && i < terms ? input.penalty * input.design.scales[i]! ** 2 : 0
          expect(information[i * (terms + 1) + j]! + penalty).toBeCloseTo((above[j]! - below[j]!) / 2e-5, 3)
        }
      }),
      { numRuns: 10 },
    )
  })
})

/** Standardised coefficients, and the intercept at the means. */
const REFERENCE = [
  0.23232023652789227, 0.2954186423982918, 0.11357343029513861, -0.012011198171747488, 0.013595967424486568,
  -0.0015907608402820927, -0.26326880372267975,
]

describe('fitByNewton', () => {
  /*
   * Reference: scikit-learn 1.9.1, LogisticRegression(C=1/2, solver='newton-cholesky', tol=1e-12) on the standardised terms of
   * x = 0..199: ramps between 0, 66.33, 132.67 and 199 of x, and the levels a, b, other of 'abc'[x % 3];
   * y = 1 where (x × 7919) mod 101 < 20 + x / 4.
   */
  it('finds the optimum of scikit-learn', () => {
    const examples = Array.from({ length: 200 }, (_, x) =>
      example({ traits: traitsOf({ x, y: 'abc'[x % 3]! }), label: (x * 7919) % 101 < 20 + x / 4 ? 1 : 0 }),
    )
    const design = createDesign(chooseInputs(examples, { pieces: 3, minLevelExamples: 67, maxLevels: 5 }), 200)
    const fit = fitByNewton({
      design,
      labels: Uint8Array.from(examples, ({ label }) => label),
      weights: new Float64Array(200).fill(1),
      rows: Int32Array.from({ length: 200 }, (_, i) => i),
      penalty: 2,
    })
    const intercept = fit.intercept + fit.coefficients.reduce((sum, each, i) => sum + each * design.means[i]!, 0)
    REFERENCE.forEach((each, i) => {
      expect([...standardised(design, fit.coefficients), intercept][i]).toBeCloseTo(each, 7)
    })
  })

  it('finds one optimum, wherever it starts', () => {
    const input = inputOf(400, 5)
    const fromZero = fitByNewton(input)
    const from = { intercept: 2, coefficients: new Float64Array(input.design.terms).fill(-1) }
    const fromThere = fitByNewton(input, from)
    expect(fromZero.gradient).toBeLessThan(1e-8)
    fromZero.coefficients.forEach((each, i) => {
      expect(fromThere.coefficients[i]).toBeCloseTo(each, 6)
    })
  })

  it('stays finite where the classes can be told apart without error', () => {
    const examples = Array.from({ length: 60 }, (_, x) => example({ traits: traitsOf({ x }), label: x < 30 ? 0 : 1 }))
    const columns = chooseInputs(examples)
    const fit = fitByNewton({
      design: createDesign(columns, 60),
      labels: Uint8Array.from(examples, ({ label }) => label),
      weights: new Float64Array(60).fill(1),
      rows: Int32Array.from({ length: 60 }, (_, i) => i),
      penalty: 1,
    })
    expect(fit.gradient).toBeLessThan(1e-8)
    expect(Math.max(...fit.coefficients.map(Math.abs))).toBeLessThan(100)
  })
})

describe('gradientStart', () => {
  it("is where ml-logistic-regression's descent leads: to the optimum without a penalty", () => {
    const { rows, ...input } = inputOf(500, 1e-9, 1)
    const weights = new Float64Array(500).fill(1)
    const optimum = fitByNewton({ ...input, rows, weights })
    const descent = gradientStart({ ...input, rows }, { steps: 5000, mostCells: Number.POSITIVE_INFINITY })
    const loss = (fit: typeof descent) => lossOf({ ...input, rows, weights }, fit)
    expect(loss(descent)).toBeGreaterThanOrEqual(loss(optimum) - 1e-9)
    expect(loss(descent) - loss(optimum)).toBeLessThan(1e-3)
    expect(loss({ intercept: 0, coefficients: new Float64Array(input.design.terms) }) - loss(optimum)).toBeGreaterThan(
      50,
    )
  }, 60_000)

  it('is nothing where the examples are many', () => {
    const input = inputOf(500, 1)
    expect(gradientStart(input, { mostCells: 10 }).coefficients.every((each) => each === 0)).toBe(true)
  })
})
