import type { Customer } from '../schemas/avro/customer.ts'
import type { ModelKind } from '../schemas/model.ts'
import { MODEL_KINDS, parseModelKey, parseServedModel } from '../schemas/served-model.ts'
import { parseTrainingRequest } from '../schemas/training-request.ts'
import { count } from './progress.ts'

interface Awaited {
  readonly version: string
  readonly since: number
}

/** What the topics `training-requests`, `models` and `customers` tell of models, as lines for people. */
export class ModelNews {
  readonly #say: (line: string) => void
  readonly #training = new Map<ModelKind, number>()
  readonly #told = new Set<string>()
  readonly #decided = new Set<ModelKind>()
  readonly #serving = new Map<ModelKind, string>()
  readonly #awaited = new Map<ModelKind, Awaited>()

  constructor(say: (line: string) => void) {
    this.#say = say
  }

  /** Whether the next scores are to be looked at: a version was promoted that none has named yet. */
  get awaitsScore(): boolean {
    return this.#awaited.size > 0
  }

  /** The version that the trainer has chosen; null: the prior scorecard. */
  serving(kind: ModelKind): string | null {
    return this.#serving.get(kind) ?? null
  }

  /** Whether a training of that kind has ended. */
  decided(kind: ModelKind): boolean {
    return this.#decided.has(kind)
  }

  /** For the live line; empty while nothing is trained. */
  progress(): string {
    return [...this.#training].map(([kind, share]) => `  training ${kind} ${Math.round(100 * share)} %`).join('')
  }

  /** @param value of a record of training-requests */
  addRequest(key: string, value: Buffer): void {
    const kind = MODEL_KINDS.find((each) => key.endsWith(`/${each}`))
    if (kind === undefined) return
    const { state, progress } = parseTrainingRequest(JSON.parse(value.toString()))
    if (state !== 'training') this.#training.delete(kind)
    else {
      if (!this.#training.has(kind)) this.#say(`${kind} model: a training begins`)
      this.#training.set(kind, progress)
    }
  }

  /** @param value of a record of models */
  addModel(key: string, value: Buffer, now: number): void {
    const named = parseModelKey(key)
    if (named === null || named.version !== null || named.isPin) return
    const { serving, decisions } = parseServedModel(JSON.parse(value.toString()))
    const [decision] = decisions
    const { kind } = named
    if (decision === undefined || this.#told.has(decision.version)) return
    this.#told.add(decision.version)
    this.#decided.add(kind)
    const { version, promoted, reasons, training } = decision
    const examples = `learned from ${count(training.examples)} examples`
    this.#say(`${kind} model ${version} ${promoted ? 'promoted' : 'refused'}: ${examples}; ${reasons.join('; ')}`)
    if (!promoted || serving === null) return
    this.#serving.set(kind, serving)
    this.#awaited.set(kind, { version: serving, since: now })
  }

  /** @param scored how many events were scored so far */
  addScore({ lead, churn }: Customer, scored: number, now: number): void {
    for (const [kind, version] of [['lead', lead.modelVersion] as const, ['churn', churn.modelVersion] as const]) {
      const awaited = this.#awaited.get(kind)
      if (awaited?.version !== version) continue
      this.#awaited.delete(kind)
      const seconds = ((now - awaited.since) / 1_000).toFixed(1)
      this.#say(`${kind} model ${version} scores: ${seconds} s later, after ${count(scored)} events`)
    }
  }
}
