/** A linear model of plain features as it is published: log odds = intercept + Σ coefficient × (value − mean) / scale. */
export interface Scorecard {
  readonly version: string
  readonly intercept: number
  /** A feature that is one term: one mean, scale and coefficient each. */
  readonly inputs: readonly {
    readonly feature: string
    readonly basis: { readonly kind: string }
    readonly means: readonly number[]
    readonly scales: readonly number[]
    readonly coefficients: readonly number[]
  }[]
}

export interface Scorecards {
  readonly lead: Scorecard
  readonly churn: Scorecard
}
