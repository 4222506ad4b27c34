import { type CustomerValue, customerValueOf } from '../models/clv/customer-value.ts'
import { computeFeatures } from '../models/compute-features.ts'
import { FEATURE_COUNT, FEATURES, featuresByName } from '../models/features.ts'
import { CHURN_BANDS, LEAD_GRADES } from '../models/grades.ts'
import { holdRulesOf } from '../models/hold-rules.ts'
import { heldClass } from '../models/hysteresis.ts'
import type { CompiledModel, Models } from '../models/linear-model.ts'
import { recencyDaysOf } from '../models/purchase-rhythm.ts'
import { recordedReasons } from '../models/recorded-reasons.ts'
import { contributionsOf, createWorkings, probabilityOf, type Workings } from '../models/score.ts'
import type { ClvModel } from '../schemas/clv-model.ts'
import type { CustomerState } from '../schemas/customer-state.ts'
import type { TenantSettings } from '../schemas/settings.ts'
import { decodeState } from '../schemas/state-codec.ts'
import type { ByFeature, Explanation, Rescored, Rescorer } from './rescorer.ts'

export interface RescorerDeps {
  /** The models that score a tenant's customers now. */
  readonly modelsOf: (tenantId: string) => Models
  readonly settingsOf: (tenantId: string) => TenantSettings
  readonly clvOf: (tenantId: string) => ClvModel | null
}

/** Scores as the workers do, on the same models and settings. */
export function createRescorer({ modelsOf, settingsOf, clvOf }: RescorerDeps): Rescorer {
  const clvAt = (tenantId: string, state: CustomerState, asOf: number): CustomerValue | null => {
    const model = clvOf(tenantId)
    return model && customerValueOf(model, state, asOf, settingsOf(tenantId).clv)
  }
  return {
    explain(stored) {
      const models = modelsOf(stored.tenantId)
      const state = decodeState(stored.state)
      const { lead, churn, values } = applied(models, state, stored.asOf)
      const known = {
        lead: stored.lead.modelVersion === models.lead.version ? lead : null,
        churn: stored.churn.modelVersion === models.churn.version ? churn : null,
      }
      return { ...explanationOf(values, known.lead, known.churn), clv: clvAt(stored.tenantId, state, stored.asOf) }
    },
    rescore(stored, now) {
      const models = modelsOf(stored.tenantId)
      const settings = settingsOf(stored.tenantId)
      const state = decodeState(stored.state)
      const asOf = Math.max(now, stored.asOf)
      const { lead, churn, values } = applied(models, state, asOf)
      return {
        asOf,
        rfm: { ...stored.rfm, recencyDays: recencyDaysOf(state, asOf) },
        lead: leadOf(state, settings, asOf, lead),
        churn: churnOf(state, settings, asOf, churn),
        ...explanationOf(values, lead, churn),
        clv: clvAt(stored.tenantId, state, asOf),
      }
    },
  }
}

interface Applied {
  readonly model: CompiledModel
  readonly workings: Workings
  readonly probability: number
}

function applied(
  models: Models,
  state: CustomerState,
  asOf: number,
): { values: Float64Array; lead: Applied; churn: Applied } {
  const values = new Float64Array(FEATURE_COUNT)
  computeFeatures(state, asOf, values)
  const apply = (model: CompiledModel): Applied => {
    const workings = createWorkings()
    const probability = probabilityOf(contributionsOf(model, values, state.traits, workings))
    return { model, workings, probability }
  }
  return { values, lead: apply(models.lead), churn: apply(models.churn) }
}

function leadOf(
  state: CustomerState,
  tenant: TenantSettings,
  asOf: number,
  { model, workings, probability }: Applied,
): Rescored['lead'] {
  const held = heldClass(state.leadHeld, state.leadHeldSince, probability, asOf, holdRulesOf(tenant).lead)
  return {
    probability,
    score: Math.round(probability * 100),
    grade: LEAD_GRADES[held]!,
    modelVersion: model.version,
    reasons: recordedReasons(model, workings, tenant.reasons),
  }
}

function churnOf(
  state: CustomerState,
  tenant: TenantSettings,
  asOf: number,
  { model, workings, probability }: Applied,
): Rescored['churn'] {
  const held = heldClass(state.churnHeld, state.churnHeldSince, probability, asOf, holdRulesOf(tenant).churn)
  return {
    risk: probability,
    band: CHURN_BANDS[held]!,
    modelVersion: model.version,
    reasons: recordedReasons(model, workings, tenant.reasons),
  }
}

function explanationOf(values: Float64Array, lead: Applied | null, churn: Applied | null): Omit<Explanation, 'clv'> {
  return {
    features: featuresByName(values),
    contributions: { lead: lead && contributionsBy(lead), churn: churn && contributionsBy(churn) },
    baselines: { lead: lead?.model.baseline ?? null, churn: churn?.model.baseline ?? null },
  }
}

/** Every built-in feature, 0 where the model has no use for it, and the traits that the model has learned of. */
function contributionsBy({ model, workings }: Applied): ByFeature {
  const byFeature: ByFeature = Object.fromEntries(FEATURES.map(({ name }) => [name, 0]))
  model.names.forEach((name, input) => {
    byFeature[name] = workings.contributions[input]!
  })
  return byFeature
}
