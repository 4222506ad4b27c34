import { type LinearModel, type ModelKind, parseModel } from '../schemas/model.ts'
import {
  ALL_TENANTS,
  MODEL_KINDS,
  type ModelKey,
  type ModelPin,
  type ModelShadow,
  parseModelKey,
  parseModelPin,
  parseModelShadow,
  parseServedModel,
  type ServedModel,
  servedKey,
  versionKey,
} from '../schemas/served-model.ts'
import { type CompiledModel, compileModel, type Models } from './linear-model.ts'
import { CHURN_PRIOR } from './priors/churn-prior.ts'
import { LEAD_PRIOR } from './priors/lead-prior.ts'

/** The built-in scorecards, which serve while nothing was learned. */
export const PRIORS: Readonly<Record<ModelKind, LinearModel>> = { lead: LEAD_PRIOR, churn: CHURN_PRIOR }

/** A version of a tenant, or of all tenants. */
interface Version {
  readonly model: LinearModel
  readonly compiled: CompiledModel
}

interface Choice {
  /** null: the prior scorecard. */
  readonly compiled: CompiledModel | null
  /** Offset of the record by which it took over from another. */
  readonly since: number
}

/**
 * All that the topic `models` says of scoring models, record by record, and which of them scores a tenant: the version
 * pinned for him, else the trainer's choice for him, else the same for all tenants, else the prior scorecard. A choice
 * whose version isn't known or can't be compiled here changes nothing: what served goes on.
 */
export class ModelCatalogue {
  readonly #priors: Models = { lead: compileModel(LEAD_PRIOR), churn: compileModel(CHURN_PRIOR) }
  readonly #versions = new Map<string, Version>()
  readonly #served = new Map<string, ServedModel>()
  readonly #pins = new Map<string, ModelPin>()
  readonly #shadows = new Map<string, ModelShadow>()
  /** By `<tenantId>/<kind>`, the last choice that could be followed. */
  readonly #chosen = new Map<string, Choice>()
  readonly #byTenant = new Map<string, Models>()
  #revision = 0

  /** Counts up whenever a choice may have changed. */
  get revision(): number {
    return this.#revision
  }

  /** The models that score a tenant: the same object until that changes. */
  models(tenantId: string): Models {
    let models = this.#byTenant.get(tenantId)
    if (models === undefined) {
      const [lead, churn] = [this.#choice(tenantId, 'lead'), this.#choice(tenantId, 'churn')]
      models = {
        lead: lead?.compiled ?? this.#priors.lead,
        churn: churn?.compiled ?? this.#priors.churn,
        since: Math.max(lead?.since ?? 0, churn?.since ?? 0),
        shadows: this.#shadowsOf(tenantId),
      }
      this.#byTenant.set(tenantId, models)
    }
    return models
  }

  /** '' while the prior scorecards serve the tenant because nothing else was ever chosen. */
  modelsVersion(tenantId: string): string {
    const isChosen = MODEL_KINDS.some((kind) => this.#choice(tenantId, kind) !== undefined)
    const { lead, churn } = this.models(tenantId)
    return isChosen ? `${lead.version} ${churn.version}` : ''
  }

  served(tenantId: string, kind: ModelKind): ServedModel | null {
    return this.#served.get(servedKey(tenantId, kind)) ?? null
  }

  pin(tenantId: string, kind: ModelKind): ModelPin | null {
    return this.#pins.get(servedKey(tenantId, kind)) ?? null
  }

  shadow(tenantId: string, kind: ModelKind): ModelShadow | null {
    return this.#shadows.get(servedKey(tenantId, kind)) ?? this.#shadows.get(servedKey(ALL_TENANTS, kind)) ?? null
  }

  /** Of the tenant, or of all tenants. */
  version(tenantId: string, kind: ModelKind, version: string): LinearModel | null {
    return this.#version(tenantId, kind, version)?.model ?? null
  }

  /** Versions of the tenant and of all tenants. */
  versions(tenantId: string, kind: ModelKind): LinearModel[] {
    const prefixes = [servedKey(tenantId, kind), servedKey(ALL_TENANTS, kind)].map((key) => `${key}/`)
    return [...this.#versions].flatMap(([key, { model }]) =>
      prefixes.some((prefix) => key.startsWith(prefix)) ? [model] : [],
    )
  }

  /**
   * Takes one record. @param json null: it was deleted @param offset of the record
   * @returns what can't be followed, for people; null: nothing
   * @throws AppError INPUT_INVALID: the record changes nothing
   */
  apply(key: string, json: unknown, offset: number): string | null {
    const named = parseModelKey(key)
    if (named === null) return null
    this.#keep(key, named, json)
    this.#revision++
    this.#byTenant.clear()
    return this.#choose(named.tenantId, named.kind, offset)
  }

  #keep(key: string, { tenantId, kind, version, isPin, isShadow }: ModelKey, json: unknown): void {
    const served = servedKey(tenantId, kind)
    if (json === null) {
      if (version !== null) this.#versions.delete(key)
      else if (isPin) this.#pins.delete(served)
      else if (isShadow) this.#shadows.delete(served)
      else this.#served.delete(served)
    } else if (version !== null) {
      const model = parseModel(json)
      this.#versions.set(key, { model, compiled: compileModel(model) })
    } else if (isPin) this.#pins.set(served, parseModelPin(json))
    else if (isShadow) this.#shadows.set(served, parseModelShadow(json))
    else this.#served.set(served, parseServedModel(json))
  }

  #choose(tenantId: string, kind: ModelKind, offset: number): string | null {
    const key = servedKey(tenantId, kind)
    const choice = this.#pins.get(key) ?? this.#served.get(key)
    if (choice === undefined) {
      this.#chosen.delete(key)
      return null
    }
    const wanted = 'version' in choice ? choice.version : choice.serving
    if (wanted === null) {
      // A tenant whose training never won takes what serves all; one who pinned the scorecard has it.
      if ('version' in choice) this.#use(key, null, offset)
      else this.#chosen.delete(key)
      return null
    }
    const found = this.#version(tenantId, kind, wanted)
    if (found === undefined) return `version ${wanted} isn't known: the former one serves on`
    this.#use(key, found.compiled, offset)
    return null
  }

  #use(key: string, compiled: CompiledModel | null, offset: number): void {
    const before = this.#chosen.get(key)
    if (before === undefined || before.compiled?.version !== compiled?.version) {
      this.#chosen.set(key, { compiled, since: offset })
    }
  }

  #version(tenantId: string, kind: ModelKind, version: string): Version | undefined {
    return (
      this.#versions.get(versionKey(tenantId, kind, version)) ??
      this.#versions.get(versionKey(ALL_TENANTS, kind, version))
    )
  }

  /** A version that isn't known here casts no shadow. */
  #shadowsOf(tenantId: string): NonNullable<Models['shadows']> {
    const shadows: Partial<Record<ModelKind, CompiledModel>> = {}
    for (const kind of MODEL_KINDS) {
      const shadow = this.shadow(tenantId, kind)
      const found = shadow && this.#version(tenantId, kind, shadow.version)
      if (found) shadows[kind] = found.compiled
    }
    return shadows
  }

  #choice(tenantId: string, kind: ModelKind): Choice | undefined {
    return this.#chosen.get(servedKey(tenantId, kind)) ?? this.#chosen.get(servedKey(ALL_TENANTS, kind))
  }
}
