import type { ModelMetrics } from '../../schemas/model.ts'
import { trainChallenger } from '../../trainer/train-challenger.ts'
import { predict } from '../../training/evaluate.ts'
import { metricsOf } from '../../training/metrics.ts'
import type { Cohort } from './cohort.ts'
import type { CohortScores } from './through-topics.ts'

export interface Compared {
  readonly throughTopics: ModelMetrics
  readonly inProcess: ModelMetrics
  /** Of two probabilities of one customer. */
  readonly largestDifference: number
}

/** What came out of the topics beside the same training and scoring done here, on the same split. */
export function compareWithInProcess({ kind, train, test }: Cohort, { probabilities }: CohortScores): Compared {
  const job = { kind, version: 'in-process', examples: train, champion: null, cause: 'count', at: 0 } as const
  const own = predict(trainChallenger(job, () => {}).model, test)
  const labels = test.map(({ label }) => label)
  return {
    throughTopics: metricsOf(probabilities, labels),
    inProcess: metricsOf(own, labels),
    largestDifference: own.reduce((most, each, i) => Math.max(most, Math.abs(each - probabilities[i]!)), 0),
  }
}
