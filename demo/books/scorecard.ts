/** A linear model as it is published: log odds = intercept + Σ coefficient × (value − mean) / scale. */
export interface Scorecard {
  readonly version: string
  readonly features: readonly string[]
  readonly means: readonly number[]
  readonly scales: readonly number[]
  readonly coefficients: readonly number[]
  readonly intercept: number
}

export interface Scorecards {
  readonly lead: Scorecard
  readonly churn: Scorecard
}
