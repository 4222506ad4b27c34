import { waitUntil } from '../../connectors/stack/wait-until.ts'
import { AppError } from '../../schemas/errors.ts'
import type { InputEvent } from '../../schemas/events.ts'
import type { LinearModel } from '../../schemas/model.ts'
import { servedKey } from '../../schemas/served-model.ts'
import type { TrainingExample } from '../../training/example.ts'
import { fill, type Installed, startProcess } from '../setup.ts'
import { untilProcessed } from '../until-processed.ts'
import { type Cohort, outcomeOf, profileOf } from './cohort.ts'
import { newestScores, publishedModels, type Scores } from './published.ts'

export interface CohortScores {
  /** As published. */
  readonly model: LinearModel
  /** Of each customer of the test part, in its order: what `customers` holds of him. */
  readonly probabilities: readonly number[]
}

const GIVE_UP_MS = 600_000

/**
 * Cohorts through the whole of it: profiles and outcomes of the train parts are written to the topics, a worker makes
 * examples of them, a trainer makes models of those, and the worker scores the test parts, whose outcomes nobody is told.
 * Worker and trainer are processes of their own, and have ended when this ends.
 * @returns in the order of the cohorts
 * @throws AppError SERVER_FAILED naming what didn't come
 */
export async function throughTopics(
  installation: Installed,
  cohorts: readonly Cohort[],
  say: (line: string) => void,
): Promise<CohortScores[]> {
  await fill(installation, eventsOf(cohorts, 'train', profileOf))
  await fill(installation, eventsOf(cohorts, 'train', outcomeOf))
  // A profile comes before its outcome as long as the one topic is waited for before the other is read on.
  const worker = startProcess(installation, 'worker', { settings: { MERGE_WAIT_MS: String(GIVE_UP_MS) } })
  try {
    await untilProcessed(installation.config, GIVE_UP_MS)
    say('examples are made; training')
    const models = await train(installation, cohorts)
    say('models serve; scoring the unseen')
    await fill(installation, eventsOf(cohorts, 'test', profileOf))
    await untilProcessed(installation.config, GIVE_UP_MS)
    const scores = await scoresBy(installation, cohorts, models)
    return cohorts.map(({ kind, test }, i) => ({
      model: models[i]!,
      probabilities: test.map(({ customer }) => scores.get(customer)![kind].probability),
    }))
  } finally {
    await worker.kill('SIGTERM')
  }
}

function eventsOf(
  cohorts: readonly Cohort[],
  part: 'train' | 'test',
  eventOf: (cohort: Cohort, example: TrainingExample) => InputEvent,
): InputEvent[] {
  return cohorts.flatMap((cohort) => cohort[part].map((example) => eventOf(cohort, example)))
}

/** One training a cohort, with all its examples: a trainer reads to the end before it decides. */
async function train(installation: Installed, cohorts: readonly Cohort[]): Promise<LinearModel[]> {
  const keys = cohorts.map(({ tenantId, kind }) => servedKey(tenantId, kind))
  let published = await publishedModels(installation.config)
  const trainer = startProcess(installation, 'trainer', { settings: { TRAIN_EVERY_EXAMPLES: '1' } })
  try {
    const isTrained = async (): Promise<boolean> => {
      published = await publishedModels(installation.config)
      return keys.every((key) => published.has(key))
    }
    await waitUntil(isTrained, { timeoutMs: GIVE_UP_MS, what: 'a model for each tenant', everyMs: 500 })
  } finally {
    await trainer.kill('SIGTERM')
  }
  return keys.map((key) => {
    const { served, model } = published.get(key)!
    if (model !== null) return model
    throw new AppError('SERVER_FAILED', `${key} is not promoted: ${served.decisions[0]?.reasons.join('; ')}`)
  })
}

/** A score that was made before the worker had the model is made anew by it. */
async function scoresBy(
  { config }: Installed,
  cohorts: readonly Cohort[],
  models: readonly LinearModel[],
): Promise<Map<string, Scores>> {
  let scores = new Map<string, Scores>()
  const areMade = async (): Promise<boolean> => {
    scores = await newestScores(config)
    return cohorts.every(({ kind, test }, i) =>
      test.every(({ customer }) => scores.get(customer)?.[kind].version === models[i]!.version),
    )
  }
  await waitUntil(areMade, { timeoutMs: GIVE_UP_MS, what: 'scores by these models', everyMs: 1_000 })
  return scores
}
