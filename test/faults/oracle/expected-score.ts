import type { Reason } from '../../../schemas/avro/reason.ts'
import type { Model } from './model-book.ts'

const RELATIVE = 1e-9

export interface ExpectedScore {
  readonly probability: number
  /** What each feature of the model adds to the log odds, by its name. */
  readonly contributions: ReadonlyMap<string, { readonly value: number; readonly contribution: number }>
}

/** log odds = intercept + Σ coefficient × (value − mean) / scale, calibrated by slope and offset. */
export function expectedScore(model: Model, features: Readonly<Record<string, number>>): ExpectedScore {
  const { slope, offset } = model.calibration ?? { slope: 1, offset: 0 }
  const contributions = new Map(
    model.features.map((name, i) => {
      const value = features[name]
      if (value === undefined) throw new Error(`the oracle doesn't know the feature ${name} of ${model.version}`)
      const standardised = (value - model.means[i]!) / model.scales[i]!
      return [name, { value, contribution: slope * model.coefficients[i]! * standardised }]
    }),
  )
  const sum = [...contributions.values()].reduce((total, { contribution }) => total + contribution, 0)
  return { probability: 1 / (1 + Math.exp(-(slope * model.intercept + offset + sum))), contributions }
}

/** What is wrong with the reasons of a score, null for nothing: they are the largest contributions by size. */
export function reasonFault(reasons: readonly Reason[], { contributions }: ExpectedScore, most: number): string | null {
  for (const { feature, value, contribution } of reasons) {
    const expected = contributions.get(feature)
    if (expected === undefined) return `gives ${feature} as a reason`
    if (!isClose(value, expected.value)) return `has the feature ${feature} ${value}, not ${expected.value}`
    if (!isClose(contribution, expected.contribution)) {
      return `has ${feature} contribute ${contribution}, not ${expected.contribution}`
    }
  }
  const named = new Set(reasons.map(({ feature }) => feature))
  if (named.size < reasons.length) return 'gives a reason twice'
  const sizes = [...contributions].map(([name, { contribution }]) => ({ name, size: Math.abs(contribution) }))
  if (reasons.some(({ contribution }) => contribution === 0)) return 'gives as a reason what contributes nothing'
  // What is almost nothing may be nothing here, where it is added up in another way.
  const wanted = Math.min(most, sizes.filter(({ size }) => size > RELATIVE).length)
  if (reasons.length < wanted || reasons.length > most) return `has ${reasons.length} reasons, not ${wanted}`
  for (const [i, { contribution }] of reasons.entries()) {
    const next = reasons[i + 1]
    if (next && !isClose(Math.max(Math.abs(contribution), Math.abs(next.contribution)), Math.abs(contribution))) {
      return `has ${next.feature} after a smaller reason`
    }
  }
  const least = reasons.length < most ? 0 : Math.min(...reasons.map(({ contribution }) => Math.abs(contribution)))
  const missed = sizes.find(({ name, size }) => !named.has(name) && size > least && !isClose(size, least))
  return most > 0 && missed ? `doesn't give ${missed.name} as a reason` : null
}

export function isClose(a: number, b: number): boolean {
  return Math.abs(a - b) <= RELATIVE * Math.max(1, Math.abs(a), Math.abs(b))
}
