import type { Reason } from '../../../schemas/avro/reason.ts'
import type { TraitValue } from '../../../schemas/customer-state.ts'
import type { LinearModel, ModelInput } from '../../../schemas/model.ts'

const RELATIVE = 1e-9
/** Contributions of reasons are multiples of this. */
const STEP = 2 ** -20

export interface ExpectedScore {
  readonly probability: number
  /** What each input of the model adds to the log odds, by the name that a reason gives it. */
  readonly contributions: ReadonlyMap<string, { readonly value: number; readonly contribution: number }>
}

/** What models look at, by the names that they use: features, and traits as `traits.<name>`. */
export type ModelValues = ReadonlyMap<string, TraitValue>

/** log odds = slope × (intercept + Σ over terms: coefficient × (term − mean) / scale) + offset */
export function expectedScore(model: LinearModel, values: ModelValues): ExpectedScore {
  const { slope, offset } = model.calibration ?? { slope: 1, offset: 0 }
  const contributions = new Map(
    model.inputs.map((input) => {
      const value = values.get(input.feature) ?? null
      if (value === null && !input.feature.startsWith('traits.')) {
        throw new Error(`the oracle doesn't know the feature ${input.feature} of ${model.version}`)
      }
      const contribution = slope * contributionOf(input, value)
      return typeof value === 'number' && input.basis.kind !== 'levels'
        ? [input.feature, { value, contribution }]
        : [`${input.feature}=${levelOf(input, value)}`, { value: 1, contribution }]
    }),
  )
  const sum = [...contributions.values()].reduce((total, { contribution }) => total + contribution, 0)
  return { probability: 1 / (1 + Math.exp(-(slope * model.intercept + offset + sum))), contributions }
}

/** Σ coefficient × (term − mean) / scale; nothing for a missing value that has no term. */
function contributionOf(input: ModelInput, value: TraitValue | null): number {
  const { basis, means, scales, coefficients } = input
  const own = ownTerms(input, value)
  if (own === null && !basis.missing) return 0
  const terms = [...(own ?? coefficients.slice(1).map(() => 0)), ...(basis.missing ? [own === null ? 1 : 0] : [])]
  return terms.reduce((sum, term, i) => sum + (coefficients[i]! * (term - means[i]!)) / scales[i]!, 0)
}

/** The terms of a value but the one for missing values; null when it is missing. */
function ownTerms({ basis }: ModelInput, value: TraitValue | null): number[] | null {
  if (value === null) return null
  if (basis.kind === 'levels') {
    return [...basis.levels.map((level) => Number(level === value)), Number(!basis.levels.includes(value))]
  }
  if (typeof value !== 'number') return null
  if (basis.kind === 'linear') return [value]
  const { knots } = basis
  return knots.slice(1).map((end, i) => Math.min(1, Math.max(0, (value - knots[i]!) / (end - knots[i]!))))
}

function levelOf({ basis }: ModelInput, value: TraitValue | null): string {
  if (value === null || basis.kind !== 'levels') return '(missing)'
  return basis.levels.includes(value) ? String(value) : '(other)'
}

/** What is wrong with the reasons of a score, null for nothing: they are the largest contributions by size. */
export function reasonFault(reasons: readonly Reason[], { contributions }: ExpectedScore, most: number): string | null {
  for (const { feature, value, contribution } of reasons) {
    const expected = contributions.get(feature)
    if (expected === undefined) return `gives ${feature} as a reason`
    if (!isClose(value, expected.value)) return `has the feature ${feature} ${value}, not ${expected.value}`
    if (!isRounded(contribution, expected.contribution)) {
      return `has ${feature} contribute ${contribution}, not ${expected.contribution}`
    }
  }
  const named = new Set(reasons.map(({ feature }) => feature))
  if (named.size < reasons.length) return 'gives a reason twice'
  const sizes = [...contributions].map(([name, { contribution }]) => ({ name, size: Math.abs(contribution) }))
  if (reasons.some(({ contribution }) => contribution === 0)) return 'gives as a reason what contributes nothing'
  // What is almost nothing may be nothing here, where it is added up in another way.
  const wanted = Math.min(most, sizes.filter(({ size }) => size > STEP / 2 + RELATIVE).length)
  if (reasons.length < wanted || reasons.length > most) return `has ${reasons.length} reasons, not ${wanted}`
  for (const [i, { contribution }] of reasons.entries()) {
    const next = reasons[i + 1]
    if (next && !isClose(Math.max(Math.abs(contribution), Math.abs(next.contribution)), Math.abs(contribution))) {
      return `has ${next.feature} after a smaller reason`
    }
  }
  const least = reasons.length < most ? 0 : Math.min(...reasons.map(({ contribution }) => Math.abs(contribution)))
  const missed = sizes.find(({ name, size }) => !named.has(name) && size > least && !isRounded(least, size))
  return most > 0 && missed ? `doesn't give ${missed.name} as a reason` : null
}

/** Whether a multiple of STEP is the one next to a number. */
function isRounded(rounded: number, exact: number): boolean {
  return Number.isInteger(rounded / STEP) && isClose(rounded, exact, STEP / 2)
}

export function isClose(a: number, b: number, slack = 0): boolean {
  return Math.abs(a - b) <= slack + RELATIVE * Math.max(1, Math.abs(a), Math.abs(b))
}
