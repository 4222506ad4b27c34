import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { termCount, termsOf } from '../../models/basis.ts'
import { chooseBasis, DEFAULT_BASIS, type InputColumn } from '../../training/choose-inputs.ts'
import { createDesign, logOddsOf, nodesOf, termsOfNodes } from '../../training/design.ts'

const rows = 30
const anyValue = fc.option(fc.double({ min: -5, max: 5, noNaN: true }), { freq: 5 })
const anyLevel = fc.option(fc.constantFrom('a', 'b', 'c', true, 7), { freq: 5 })

/** Columns as training chooses them, on values that are partly missing. */
const anyColumns: fc.Arbitrary<InputColumn[]> = fc
  .array(
    fc.oneof(
      fc.array(anyValue, { minLength: rows, maxLength: rows }),
      fc.array(anyLevel, { minLength: rows, maxLength: rows }),
    ),
    {
      minLength: 1,
      maxLength: 4,
    },
  )
  .map((columns) =>
    columns.flatMap((values, i) => {
      const basis = chooseBasis(values, { ...DEFAULT_BASIS, pieces: 4, minLevelExamples: 3 })
      return basis === null ? [] : [{ feature: `traits.${i}`, basis, values }]
    }),
  )
  .filter((columns) => columns.length > 0)

const termsOfRow = (columns: readonly InputColumn[], row: number): number[] =>
  columns.flatMap(({ basis, values }) => termsOf(basis, values[row]!)!)

describe('createDesign', () => {
  it('gives a row the log odds of its terms', () => {
    fc.assert(
      fc.property(anyColumns, fc.infiniteStream(fc.double({ min: -2, max: 2, noNaN: true })), (columns, numbers) => {
        const design = createDesign(columns, rows)
        const coefficients = Float64Array.from({ length: design.terms }, () => numbers.next().value)
        const nodes = nodesOf(design, coefficients)
        for (let row = 0; row < rows; row++) {
          const expected = termsOfRow(columns, row).reduce((sum, term, i) => sum + term * coefficients[i]!, 0.5)
          expect(logOddsOf(design, row, 0.5, nodes)).toBeCloseTo(expected, 10)
        }
      }),
    )
  })

  it('knows mean and deviation of each term', () => {
    fc.assert(
      fc.property(anyColumns, (columns) => {
        const { means, scales, terms } = createDesign(columns, rows)
        const matrix = Array.from({ length: rows }, (_, row) => termsOfRow(columns, row))
        for (let term = 0; term < terms; term++) {
          const mean = matrix.reduce((sum, row) => sum + row[term]!, 0) / rows
          const variance = matrix.reduce((sum, row) => sum + (row[term]! - mean) ** 2, 0) / rows
          expect(means[term]).toBeCloseTo(mean, 10)
          expect(scales[term]! ** 2).toBeCloseTo(variance > 1e-12 ? variance : 1, 8)
        }
      }),
    )
  })

  it('takes derivatives back from nodes to terms', () => {
    fc.assert(
      fc.property(anyColumns, fc.infiniteStream(fc.double({ min: -2, max: 2, noNaN: true })), (columns, numbers) => {
        const design = createDesign(columns, rows)
        const coefficients = Float64Array.from({ length: design.terms }, () => numbers.next().value)
        const byNode = Float64Array.from({ length: design.nodes }, () => numbers.next().value)
        const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, each, i) => sum + each * b[i]!, 0)
        // <nodesOf(c), n> = <c, termsOfNodes(n)>: one is the transpose of the other.
        expect(dot(nodesOf(design, coefficients), byNode)).toBeCloseTo(
          dot(coefficients, termsOfNodes(design, byNode)),
          8,
        )
        expect(design.inputs.reduce((sum, { basis }) => sum + termCount(basis), 0)).toBe(design.terms)
      }),
    )
  })
})
