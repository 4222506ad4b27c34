declare module 'ml-logistic-regression' {
  import type { Matrix } from 'ml-matrix'

  /** One classifier for each class against all others; classifiers[i] has the weights of "not class i". */
  export default class LogisticRegression {
    constructor(options?: { numSteps?: number; learningRate?: number })
    readonly classifiers: readonly { readonly weights: Matrix }[]
    /** @param target a column of classes 0, 1, … */
    train(features: Matrix, target: Matrix): void
  }
}
