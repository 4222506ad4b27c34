import type { LinearModel, ModelKind } from '../../schemas/model.ts'

/** What makes a score of features and traits, as it is published. */
export type Scorecard = Pick<LinearModel, 'version' | 'intercept' | 'inputs' | 'calibration'>

export type Scorecards = Readonly<Record<ModelKind, Scorecard>>
