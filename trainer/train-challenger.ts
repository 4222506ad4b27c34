import { PRIORS } from '../models/model-catalogue.ts'
import type { LinearModel, ModelKind } from '../schemas/model.ts'
import type { Decision } from '../schemas/served-model.ts'
import { compareModels } from '../training/compare-models.ts'
import { evaluate } from '../training/evaluate.ts'
import type { TrainingExample } from '../training/example.ts'
import { newestBefore, splitByTime } from '../training/split.ts'
import { trainModel } from '../training/train-model.ts'

export interface ChallengeJob {
  readonly kind: ModelKind
  readonly version: string
  readonly examples: readonly TrainingExample[]
  /** The model that serves; null: the prior scorecard. */
  readonly champion: LinearModel | null
  readonly cause: Decision['cause']
  /** epoch ms */
  readonly at: number
}

export interface Challenge {
  readonly model: LinearModel
  readonly decision: Decision
}

/** The newest examples, which a challenger doesn't learn from: it and the champion are judged by them. */
const UNSEEN_SHARE = 0.25

/**
 * Trains a challenger on what was known at a moment, and judges it and the champion by what was seen from then on. The
 * model that is judged is the one that will serve: it isn't fitted again to what it was judged by.
 * @throws AppError INPUT_INVALID when there is too little to learn from
 */
export function trainChallenger(job: ChallengeJob, onProgress: (share: number) => void): Challenge {
  const { kind, version, champion, cause, at } = job
  const { train, test } = splitByTime(job.examples, UNSEEN_SHARE)
  const cut = test.reduce((least, each) => Math.min(least, each.at), Number.POSITIVE_INFINITY)
  const recent = newestBefore(job.examples, cut)
  const trained = trainModel(train, { name: kind, kind, version, recent, onProgress })
  const { promote, reasons, champion: before, challenger } = compareModels(champion ?? PRIORS[kind], trained, test)
  const model = challenger === null ? trained : { ...trained, metrics: evaluate(trained, test) }
  return {
    model,
    decision: {
      version,
      at,
      cause,
      promoted: promote,
      reasons: [...reasons],
      champion: champion?.version ?? null,
      metrics: challenger,
      championMetrics: before,
      training: structuredClone(trained.training!) as Decision['training'],
    },
  }
}
