import type { LinearModel, ModelKind } from '../linear-model.ts'

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
  const features = Object.keys(points)
  return {
    name: `${kind}-prior`,
    kind,
    version,
    features,
    means: features.map(() => 0),
    scales: features.map(() => 1),
    coefficients: Object.values(points),
    intercept,
    doc,
  }
}
