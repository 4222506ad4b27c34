import { type Static, Type } from 'typebox'
import { type ActOptions, bestActs } from '../models/best-acts.ts'
import { computeFeatures } from '../models/compute-features.ts'
import { FEATURE_COUNT } from '../models/features.ts'
import { CHURN_BANDS, classOf, LEAD_GRADES } from '../models/grades.ts'
import type { CompiledModel, Models } from '../models/linear-model.ts'
import { type Language, reasonText } from '../models/reason-text.ts'
import { contributionsOf, createWorkings, MOST_REASONS, probabilityOf, topReasons } from '../models/score.ts'
import type { Customer } from '../schemas/avro/customer.ts'
import type { CustomerState } from '../schemas/customer-state.ts'
import type { TenantSettings } from '../schemas/settings.ts'
import { decodeState } from '../schemas/state-codec.ts'

const explainedSchema = Type.Object({
  modelVersion: Type.String(),
  isStored: Type.Boolean({ description: 'false: the stored score is still that of another version.' }),
  probability: Type.Number(),
  logOdds: Type.Number({ description: 'Baseline + the sum of contributions.' }),
  baseline: Type.Number({ description: 'Log odds of a customer who is average in every feature.' }),
  class: Type.String({ description: 'Grade or band that the probability lies in, before hysteresis.' }),
  contributions: Type.Array(
    Type.Object({
      feature: Type.String(),
      value: Type.Number(),
      contribution: Type.Number({ description: 'To the log odds: exact SHAP value.' }),
      text: Type.String({ description: 'The same in words.' }),
    }),
    { description: 'All that are not 0, largest first.' },
  ),
  acts: Type.Array(
    Type.Object({
      act: Type.String({ description: 'Interaction type.' }),
      probability: Type.Number({ description: 'If it happened once, now.' }),
      gain: Type.Number(),
      class: Type.String(),
    }),
    { description: 'What would help most among what can be brought about, best first.' },
  ),
})

export const explainSchema = Type.Object({
  customerId: Type.String(),
  asOf: Type.Integer({ description: 'The time the scores are for, epoch ms.' }),
  lead: explainedSchema,
  churn: explainedSchema,
})
export type ExplainAnswer = Static<typeof explainSchema>
export type Explain = (stored: Customer, language: Language) => ExplainAnswer

export interface ExplainDeps {
  readonly modelsOf: (tenantId: string) => Models
  readonly settingsOf: (tenantId: string) => TenantSettings
}

/** Explains the scores of a stored customer by the models in force. */
export function createExplain({ modelsOf, settingsOf }: ExplainDeps): Explain {
  return (stored, language) => {
    const { tenantId, customerId, asOf } = stored
    const state = decodeState(stored.state)
    const { lead, churn } = modelsOf(tenantId)
    const { thresholds, sessionGapMs } = settingsOf(tenantId)
    const explained = (model: CompiledModel, classes: readonly string[], storedVersion: string) => ({
      ...explainedBy(model, state, { asOf, sessionGapMs }, language, (value) => {
        return classes[classOf(value, thresholds[model.kind])]!
      }),
      isStored: storedVersion === model.version,
    })
    return {
      customerId,
      asOf,
      lead: explained(lead, LEAD_GRADES, stored.lead.modelVersion),
      churn: explained(churn, CHURN_BANDS, stored.churn.modelVersion),
    }
  }
}

function explainedBy(
  model: CompiledModel,
  state: CustomerState,
  options: ActOptions,
  language: Language,
  classAt: (value: number) => string,
): Omit<Static<typeof explainedSchema>, 'isStored'> {
  const features = new Float64Array(FEATURE_COUNT)
  computeFeatures(state, options.asOf, features)
  const workings = createWorkings()
  const logOdds = contributionsOf(model, features, state.traits, workings)
  const probability = probabilityOf(logOdds)
  return {
    modelVersion: model.version,
    probability,
    logOdds,
    baseline: model.baseline,
    class: classAt(probability),
    contributions: topReasons(model, workings, MOST_REASONS).map((reason) => ({
      ...reason,
      text: reasonText(reason, model.kind, language),
    })),
    acts: bestActs(model, state, options).map((act) => ({ ...act, class: classAt(act.probability) })),
  }
}
