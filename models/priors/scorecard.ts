import type { LinearModel, ModelKind } from '../../schemas/model.ts'

export interface Scorecard {
  readonly kind: ModelKind
  readonly version: string
  readonly doc: string
  /** Log odds when all features are 0. */
  readonly intercept: number
  /** Log odds for one unit of a feature. */
  readonly points: Readonly<Record<string, number>>
}

/** A scorecard as a model: nothing is standardised, so that a feature of 0 contributes nothing and is no reason. */
export function fromScorecard({ kind, version, doc, intercept, points }: Scorecard): LinearModel {
  return {
    name: `${kind}-prior`,
    kind,
    version,
    intercept,
    inputs: Object.entries(points).map(([feature, coefficient]) => ({
      feature,
      basis: { kind: 'linear', missing: false },
      means: [0],
      scales: [1],
      coefficients: [coefficient],
    })),
    doc,
  }
}
