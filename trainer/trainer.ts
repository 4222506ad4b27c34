import { randomUUID } from 'node:crypto'
import type { ModelCatalogue } from '../models/model-catalogue.ts'
import type { TrainingExample as ExampleRecord } from '../schemas/avro/training-example.ts'
import { AppError, messageOf } from '../schemas/errors.ts'
import { isHorizonId } from '../schemas/horizon-id.ts'
import type { LinearModel, ModelKind } from '../schemas/model.ts'
import {
  ALL_TENANTS,
  type Decision,
  MODEL_KINDS,
  type ServedModel,
  servedKey,
  versionKey,
} from '../schemas/served-model.ts'
import type { TrainingRequest } from '../schemas/training-request.ts'
import { exampleOf } from './example-of.ts'
import { type KeptExample, KeptExamples } from './kept-examples.ts'
import type { Challenge, ChallengeJob } from './train-challenger.ts'
import { waitAlike } from './wait-alike.ts'

export interface TrainerRecord {
  readonly topic: 'models' | 'training-requests'
  readonly key: string
  readonly value: object
}

export interface TrainerPorts {
  /** Follows the topic `models`. */
  readonly catalogue: ModelCatalogue
  /** The newest record of each key of `training-requests`. */
  readonly requests: ReadonlyMap<string, TrainingRequest>
  /** Resolves when the records are durable, those of one topic in one piece and order. */
  readonly publish: (records: readonly TrainerRecord[]) => Promise<void>
  readonly train: (job: ChallengeJob, onProgress: (share: number) => void, signal: AbortSignal) => Promise<Challenge>
  /** Watches the models in use. */
  readonly watch: {
    asksForTraining(tenantId: string, kind: ModelKind): boolean
    withReference(tenantId: string, model: LinearModel): LinearModel
  }
  readonly now: () => number
  readonly log: (message: string, details?: Readonly<Record<string, unknown>>) => void
}

export interface TrainerSettings {
  /** So many new examples of a tenant and kind call for a training. */
  readonly everyExamples: number
  /** After so long any new example does. */
  readonly everyMs: number
  /** Kept of each tenant and kind. */
  readonly mostExamples: number
  /** Whether models for tenants without one of their own are learned from the examples of all. */
  readonly shared: boolean
}

/** Decisions that are kept beside the one in force. */
const MOST_DECISIONS = 20
const PROGRESS_MS = 1_000

interface Subject {
  readonly tenantId: string
  readonly kind: ModelKind
  readonly examples: KeptExamples
  /** Of whom there are examples. */
  readonly tenants: Set<string>
}

/** Decides when to train for whom, and publishes what comes of it. Its memory is the topics: a restart reads them again. */
export class Trainer {
  readonly #ports: TrainerPorts
  readonly #settings: TrainerSettings
  readonly #subjects = new Map<string, Subject>()
  /** What was published here last: the catalogue learns of it a moment later. */
  readonly #published = new Map<string, ServedModel>()
  readonly #answered = new Set<string>()

  constructor(ports: TrainerPorts, settings: TrainerSettings) {
    this.#ports = ports
    this.#settings = settings
  }

  /** @param writtenAt time of the record, epoch ms */
  add(record: ExampleRecord, writtenAt: number): void {
    const kind = MODEL_KINDS.find((each) => each === record.kind)
    if (kind === undefined) return
    const byHorizon = isHorizonId(record.eventId)
    const kept = { example: exampleOf(record), byHorizon, writtenAt }
    this.#keep(record.tenantId, record.tenantId, kind, kept)
    // Traits are a tenant's own words: what they mean elsewhere nobody knows, and their values are nobody else's business.
    if (this.#settings.shared) {
      this.#keep(ALL_TENANTS, record.tenantId, kind, { ...kept, example: { ...kept.example, traits: [] } })
    }
  }

  #keep(subjectId: string, tenantId: string, kind: ModelKind, kept: KeptExample): void {
    const { examples, tenants } = this.#subject(subjectId, kind)
    examples.add(kept)
    tenants.add(tenantId)
  }

  /** Trains for everybody for whom it is time, one after another. @throws what `publish` throws, the signal's reason */
  async tick(signal: AbortSignal): Promise<void> {
    for (const [key, { state }] of this.#ports.requests) {
      const [tenantId, name] = key.split('/')
      const kind = MODEL_KINDS.find((each) => each === name)
      if (state === 'requested' && tenantId !== undefined && kind !== undefined) this.#subject(tenantId, kind)
    }
    for (const subject of this.#subjects.values()) {
      const cause = this.#causeFor(subject)
      if (cause !== null) await this.#train(subject, cause, signal)
    }
  }

  #subject(tenantId: string, kind: ModelKind): Subject {
    const key = servedKey(tenantId, kind)
    let subject = this.#subjects.get(key)
    if (subject === undefined) {
      subject = {
        tenantId,
        kind,
        examples: new KeptExamples(this.#settings.mostExamples),
        tenants: new Set(),
      }
      this.#subjects.set(key, subject)
    }
    return subject
  }

  #served({ tenantId, kind }: Subject): ServedModel {
    const known = this.#published.get(servedKey(tenantId, kind)) ?? this.#ports.catalogue.served(tenantId, kind)
    return known ?? { serving: null, consideredUntil: 0, decisions: [] }
  }

  /** A request that nobody has answered, also one during which a trainer was stopped. */
  #requestOf({ tenantId, kind }: Subject): TrainingRequest | null {
    const request = this.#ports.requests.get(servedKey(tenantId, kind))
    if (request === undefined || this.#answered.has(request.requestId)) return null
    return request.state === 'requested' || request.state === 'training' ? request : null
  }

  #causeFor(subject: Subject): Decision['cause'] | null {
    if (this.#requestOf(subject) !== null) return 'request'
    // Of one tenant's examples his own model is learned already.
    if (subject.tenantId === ALL_TENANTS && subject.tenants.size < 2) return null
    const served = this.#served(subject)
    const { everyExamples, everyMs } = this.#settings
    const fresh = subject.examples.newSince(served.consideredUntil)
    if (fresh >= everyExamples) return 'count'
    if (fresh > 0 && this.#ports.now() - (served.decisions[0]?.at ?? this.#ports.now()) >= everyMs) return 'time'
    const isAsked = this.#ports.watch.asksForTraining(subject.tenantId, subject.kind)
    return isAsked && fresh >= everyExamples / 4 ? 'drift' : null
  }

  async #train(subject: Subject, cause: Decision['cause'], signal: AbortSignal): Promise<void> {
    const { tenantId, kind } = subject
    const { catalogue, now, train, log } = this.#ports
    const served = this.#served(subject)
    const examples = subject.examples.all
    const at = now()
    const version = `${kind}-${new Date(at).toISOString()}`
    const requestId = this.#requestOf(subject)?.requestId ?? randomUUID()
    const champion = served.serving === null ? null : catalogue.version(tenantId, kind, served.serving)
    const tell = (state: TrainingRequest['state'], progress: number, reasons: readonly string[] = []) =>
      this.#tell(subject, { requestId, state, progress, reasons: [...reasons], version, at: now() })
    const consideredUntil = examples.reduce((newest, each) => Math.max(newest, each.writtenAt), served.consideredUntil)
    await tell('training', 0)
    let toldAt = at
    const onProgress = (share: number): void => {
      if (now() - toldAt < PROGRESS_MS) return
      toldAt = now()
      tell('training', share).catch((error: unknown) => log(`progress is not told: ${messageOf(error)}`))
    }
    const job = { kind, version, examples: waitAlike(examples), champion, cause, at }
    try {
      const { model: trained, decision } = await train(job, onProgress, signal)
      const model = this.#ports.watch.withReference(tenantId, trained)
      const decisions = [decision, ...served.decisions].slice(0, MOST_DECISIONS)
      const next = { serving: decision.promoted ? version : served.serving, consideredUntil, decisions }
      await this.#publish(subject, next, decision.promoted ? { version, model } : undefined)
      await tell(decision.promoted ? 'promoted' : 'refused', 1, decision.reasons)
      log('model trained', { tenantId, kind, version, promoted: decision.promoted, reasons: decision.reasons })
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'INPUT_INVALID') throw error
      await this.#publish(subject, { ...served, consideredUntil })
      await tell('refused', 1, [error.message])
    }
    this.#answered.add(requestId)
  }

  /** The version first: whoever reads which one serves has it. */
  async #publish(
    { tenantId, kind }: Subject,
    served: ServedModel,
    made?: { readonly version: string; readonly model: object },
  ): Promise<void> {
    const key = servedKey(tenantId, kind)
    const version =
      made && ({ topic: 'models', key: versionKey(tenantId, kind, made.version), value: made.model } as const)
    await this.#ports.publish([...(version ? [version] : []), { topic: 'models', key, value: served }])
    this.#published.set(key, served)
  }

  async #tell({ tenantId, kind }: Subject, status: TrainingRequest): Promise<void> {
    await this.#ports.publish([{ topic: 'training-requests', key: servedKey(tenantId, kind), value: status }])
  }
}
