import { setImmediate as nextTurn } from 'node:timers/promises'
import { type ModelCatalogue, PRIORS } from '../models/model-catalogue.ts'
import type { ScoreSample } from '../schemas/avro/score-sample.ts'
import type { TrainingExample } from '../schemas/avro/training-example.ts'
import type { LinearModel, ModelKind } from '../schemas/model.ts'
import { alertKey, type ModelAlert, type ModelWatch, type RaisedAlert } from '../schemas/model-watch.ts'
import { MODEL_KINDS, servedKey } from '../schemas/served-model.ts'
import type { TenantSettings } from '../schemas/settings.ts'
import { withScoredReference } from '../training/scored-reference.ts'
import { KeptSamples } from './kept-samples.ts'
import { raiseAlerts } from './raise-alerts.ts'
import { type LabelledScore, watchModel } from './watch-model.ts'

export interface WatchRecord {
  readonly topic: 'model-watch' | 'alerts'
  readonly key: string
  readonly value: object
}

export interface ScoreWatchPorts {
  readonly catalogue: ModelCatalogue
  readonly settings: (tenantId: string) => TenantSettings
  /** The newest record of each key of `model-watch`, as it was when this began: what is raised isn't raised again. */
  readonly known: ReadonlyMap<string, ModelWatch>
  /** Resolves when all records are durable; none is without the others. */
  readonly publish: (records: readonly WatchRecord[]) => Promise<void>
  readonly now: () => number
  readonly log: (message: string, details?: Readonly<Record<string, unknown>>) => void
}

/** Labelled scores that are kept of each tenant and kind. */
const MOST_LABELLED = 5_000

interface Tenant {
  readonly samples: KeptSamples
  readonly labelled: Readonly<Record<ModelKind, LabelledScore[]>>
  /** What came, and which models were in force, when it was looked at last. */
  lookedAt: string
}

/**
 * Watches the models in use by samples of what they score and by labels. Its memory is the topics: a restart reads the
 * newest of them again. Alerts are written with what they were found in, in one piece.
 */
export class ScoreWatch {
  readonly #ports: ScoreWatchPorts
  readonly #everyMs: number
  readonly #tenants = new Map<string, Tenant>()
  readonly #published = new Map<string, ModelWatch>()
  #tickedAt = Number.NEGATIVE_INFINITY

  constructor(ports: ScoreWatchPorts, everyMs: number) {
    this.#ports = ports
    this.#everyMs = everyMs
  }

  addSample(sample: ScoreSample): void {
    this.#tenant(sample.tenantId).samples.add(sample)
  }

  addExample({ tenantId, kind: name, modelVersion, probability, label, at }: TrainingExample): void {
    const kind = MODEL_KINDS.find((each) => each === name)
    if (kind === undefined) return
    const { labelled } = this.#tenant(tenantId)
    labelled[kind].push({ modelVersion, probability, label: label === 1 ? 1 : 0, at })
    if (labelled[kind].length > 1.1 * MOST_LABELLED) labelled[kind].splice(0, labelled[kind].length - MOST_LABELLED)
  }

  /** Whether what the tenant's model sees asks for a training. */
  asksForTraining(tenantId: string, kind: ModelKind): boolean {
    if (!this.#ports.settings(tenantId).watch.retrain) return false
    const alerts = this.#last(tenantId, kind)?.alerts ?? []
    return alerts.some(({ name }) => name !== 'latency')
  }

  /** The model with what it will be compared with. */
  withReference(tenantId: string, model: LinearModel): LinearModel {
    const { leastCustomers } = this.#ports.settings(tenantId).watch
    return withScoredReference(model, this.#tenants.get(tenantId)?.samples.all ?? [], leastCustomers)
  }

  /** Looks at all of whom something new is known, every so often. @throws what `publish` throws */
  async tick(): Promise<void> {
    const now = this.#ports.now()
    if (now - this.#tickedAt < this.#everyMs) return
    this.#tickedAt = now
    const found: Found[] = []
    for (const [tenantId, tenant] of this.#tenants) {
      const state = this.#stateOf(tenantId, tenant)
      if (state === tenant.lookedAt) continue
      tenant.lookedAt = state
      for (const kind of MODEL_KINDS) found.push(this.#look(tenantId, kind, tenant))
      await nextTurn()
    }
    if (found.length > 0) await this.#ports.publish(found.flatMap(recordsOf))
    for (const { key, watch, changes } of found) {
      this.#published.set(key, watch)
      for (const { name, state, kind, tenantId, value, limit } of changes) {
        const level = state === 'raised' ? 'warn' : 'info'
        this.#ports.log(`alert ${state}: ${name}`, { level, tenantId, kind, value, limit })
      }
    }
  }

  #look(tenantId: string, kind: ModelKind, { samples, labelled }: Tenant): Found {
    const { catalogue, settings, now } = this.#ports
    const { [kind]: served, shadows } = catalogue.models(tenantId)
    const { seen, measures } = watchModel({
      kind,
      model: catalogue.version(tenantId, kind, served.version) ?? PRIORS[kind],
      shadowVersion: shadows?.[kind]?.version ?? null,
      samples: samples.all,
      labelled: labelled[kind],
      settings: settings(tenantId),
      now: now(),
    })
    const before = this.#last(tenantId, kind)
    // Another version is judged by what it saw itself.
    const alerts = raiseAlerts(before?.modelVersion === served.version ? before.alerts : [], measures, seen.at)
    const changes = changesOf(before?.alerts ?? [], alerts).map(
      ({ alert, state }): ModelAlert => ({
        tenantId,
        kind,
        ...alert,
        state,
        modelVersion: served.version,
        at: seen.at,
      }),
    )
    return { key: servedKey(tenantId, kind), watch: { ...seen, alerts }, changes }
  }

  #last(tenantId: string, kind: ModelKind): ModelWatch | null {
    const key = servedKey(tenantId, kind)
    return this.#published.get(key) ?? this.#ports.known.get(key) ?? null
  }

  #stateOf(tenantId: string, { samples, labelled }: Tenant): string {
    const { lead, churn, shadows } = this.#ports.catalogue.models(tenantId)
    const versions = [lead.version, churn.version, shadows?.lead?.version, shadows?.churn?.version]
    const newest = [labelled.lead, labelled.churn].map((each) => `${each.length}@${each.at(-1)?.at}`)
    return [samples.seen, ...newest, ...versions].join()
  }

  #tenant(tenantId: string): Tenant {
    let tenant = this.#tenants.get(tenantId)
    if (tenant === undefined) {
      tenant = { samples: new KeptSamples(), labelled: { lead: [], churn: [] }, lookedAt: '' }
      this.#tenants.set(tenantId, tenant)
    }
    return tenant
  }
}

interface Found {
  readonly key: string
  readonly watch: ModelWatch
  readonly changes: readonly ModelAlert[]
}

function recordsOf({ key, watch, changes }: Found): WatchRecord[] {
  return [
    { topic: 'model-watch', key, value: watch },
    ...changes.map((each): WatchRecord => {
      return { topic: 'alerts', key: alertKey(each.tenantId, each.kind, each.name), value: each }
    }),
  ]
}

function changesOf(
  before: readonly RaisedAlert[],
  after: readonly RaisedAlert[],
): { alert: RaisedAlert; state: ModelAlert['state'] }[] {
  const [were, are] = [before, after].map((alerts) => new Set(alerts.map(({ name }) => name))) as [
    Set<string>,
    Set<string>,
  ]
  return [
    ...after.filter(({ name }) => !were.has(name)).map((alert) => ({ alert, state: 'raised' as const })),
    ...before.filter(({ name }) => !are.has(name)).map((alert) => ({ alert, state: 'cleared' as const })),
  ]
}
