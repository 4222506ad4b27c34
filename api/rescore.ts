import { computeFeatures, FEATURE_COUNT, FEATURES } from '../models/features.ts'
import { CHURN_BANDS, LEAD_GRADES } from '../models/grades.ts'
import { holdClass } from '../models/hysteresis.ts'
import type { CompiledModel, Models } from '../models/linear-model.ts'
import { recencyDaysOf } from '../models/purchase-rhythm.ts'
import { contributionsOf, probabilityOf, topReasons } from '../models/score.ts'
import type { CustomerState } from '../schemas/customer-state.ts'
import type { TenantSettings } from '../schemas/settings.ts'
import { decodeState } from '../schemas/state-codec.ts'
import type { ByFeature, Explanation, Rescored, Rescorer } from './rescorer.ts'

export interface RescorerDeps {
  /** The models that score a tenant's customers now. */
  readonly modelsOf: (tenantId: string) => Models
  readonly settingsOf: (tenantId: string) => TenantSettings
}

/** Scores as the workers do, on the same models and settings. */
export function createRescorer({ modelsOf, settingsOf }: RescorerDeps): Rescorer {
  return {
    explain(stored) {
      const models = modelsOf(stored.tenantId)
      const { lead, churn, values } = applied(models, decodeState(stored.state), stored.asOf)
      return explanationOf(
        values,
        stored.lead.modelVersion === models.lead.version ? lead : null,
        stored.churn.modelVersion === models.churn.version ? churn : null,
      )
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
        lead: leadOf(state, settings, asOf, lead, values),
        churn: churnOf(state, settings, asOf, churn, values),
        ...explanationOf(values, lead, churn),
      }
    },
  }
}

interface Applied {
  readonly model: CompiledModel
  readonly contributions: Float64Array
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
    const contributions = new Float64Array(FEATURE_COUNT)
    const probability = probabilityOf(contributionsOf(model, values, contributions))
    return { model, contributions, probability }
  }
  return { values, lead: apply(models.lead), churn: apply(models.churn) }
}

function leadOf(
  state: CustomerState,
  { thresholds, margins, minIntervalMs, reasons }: TenantSettings,
  asOf: number,
  { model, contributions, probability }: Applied,
  values: Float64Array,
): Rescored['lead'] {
  const { held } = holdClass(
    { held: state.leadHeld, heldSince: state.leadHeldSince, value: probability, asOf },
    { edges: thresholds.lead, margin: margins.lead, minIntervalMs: minIntervalMs.lead },
  )
  return {
    probability,
    score: Math.round(probability * 100),
    grade: LEAD_GRADES[held]!,
    modelVersion: model.version,
    reasons: topReasons(model, values, contributions, reasons),
  }
}

function churnOf(
  state: CustomerState,
  { thresholds, margins, minIntervalMs, reasons }: TenantSettings,
  asOf: number,
  { model, contributions, probability }: Applied,
  values: Float64Array,
): Rescored['churn'] {
  const { held } = holdClass(
    { held: state.churnHeld, heldSince: state.churnHeldSince, value: probability, asOf },
    { edges: thresholds.churn, margin: margins.churn, minIntervalMs: minIntervalMs.churn },
  )
  return {
    risk: probability,
    band: CHURN_BANDS[held]!,
    modelVersion: model.version,
    reasons: topReasons(model, values, contributions, reasons),
  }
}

function explanationOf(values: Float64Array, lead: Applied | null, churn: Applied | null): Explanation {
  return {
    features: named(values),
    contributions: { lead: lead && named(lead.contributions), churn: churn && named(churn.contributions) },
    baselines: { lead: lead?.model.baseline ?? null, churn: churn?.model.baseline ?? null },
  }
}

function named(numbers: Float64Array): ByFeature {
  return Object.fromEntries(FEATURES.map(({ name }, i) => [name, numbers[i]!]))
}
