import { type InputValue, isMissing } from '../models/basis.ts'
import { FEATURES } from '../models/features.ts'
import { type Basis, TRAIT_PREFIX } from '../schemas/model.ts'
import type { TrainingExample } from './example.ts'
import { quantileKnots } from './quantile-knots.ts'

/** One feature of a model in the making, with its value in each example. */
export interface InputColumn {
  readonly feature: string
  readonly basis: Basis
  /** By example. */
  readonly values: readonly InputValue[]
}

export interface BasisOptions {
  /** Pieces of a number's function at most, each with as many examples as the others. */
  readonly pieces: number
  /** A level that fewer examples have counts as other. */
  readonly minLevelExamples: number
  /** The most frequent levels are kept. */
  readonly maxLevels: number
}

export const DEFAULT_BASIS: BasisOptions = { pieces: 10, minLevelExamples: 10, maxLevels: 50 }

/** What few examples can bear: a piece for each hundred of the smaller class. @param smaller examples of that class */
export function basisFor(smaller: number): BasisOptions {
  return { ...DEFAULT_BASIS, pieces: Math.max(1, Math.min(DEFAULT_BASIS.pieces, Math.floor(smaller / 100))) }
}

/** Every built-in feature and every trait that isn't the same in all examples, in the order of their names. */
export function chooseInputs(
  examples: readonly TrainingExample[],
  options: BasisOptions = DEFAULT_BASIS,
): InputColumn[] {
  const builtIn = FEATURES.map(({ name }, i) => ({
    feature: name,
    values: examples.map(({ features }) => features[i]!),
  }))
  return [...builtIn, ...traitColumns(examples)].flatMap(({ feature, values }) => {
    const basis = chooseBasis(values, options)
    return basis === null ? [] : [{ feature, basis, values }]
  })
}

function traitColumns(examples: readonly TrainingExample[]): { feature: string; values: InputValue[] }[] {
  const columns = new Map<string, InputValue[]>()
  examples.forEach(({ traits }, row) => {
    for (const { name, value } of traits) {
      let column = columns.get(name)
      if (column === undefined) {
        column = new Array<InputValue>(examples.length).fill(null)
        columns.set(name, column)
      }
      column[row] = value
    }
  })
  return [...columns]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, values]) => ({ feature: TRAIT_PREFIX + name, values }))
}

/** Numbers become ramps, anything else levels; null for values that are all the same. */
export function chooseBasis(values: readonly InputValue[], options: BasisOptions): Basis | null {
  const known = values.filter((value) => value !== null)
  const missing = known.length < values.length
  if (known.length > 0 && known.every((value) => typeof value === 'number')) {
    const knots = quantileKnots(known as number[], options.pieces) // every value was looked at on the line above
    if (knots.length >= 2) return { kind: 'ramps', knots, missing }
  }
  const levels = frequentLevels(known, options)
  const kinds = levels.length + (levels.length < new Set(known).size ? 1 : 0) + (missing ? 1 : 0)
  return kinds < 2 ? null : { kind: 'levels', levels, missing }
}

function frequentLevels(known: readonly NonNullable<InputValue>[], { minLevelExamples, maxLevels }: BasisOptions) {
  const counts = new Map<NonNullable<InputValue>, number>()
  for (const value of known) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts]
    .filter(([, count]) => count >= minLevelExamples)
    .sort(([a, m], [b, n]) => n - m || (String(a) < String(b) ? -1 : 1))
    .slice(0, maxLevels)
    .map(([value]) => value)
}

/** Share of the values that a basis takes for missing. */
export function missingShare({ basis, values }: InputColumn): number {
  return values.length === 0 ? 0 : values.filter((value) => isMissing(basis, value)).length / values.length
}
