import type { KafkaClient } from '../connectors/kafka/client.ts'
import type { Fetcher } from '../connectors/kafka/fetcher.ts'
import type { Models } from '../models/linear-model.ts'
import { ModelCatalogue } from '../models/model-catalogue.ts'
import { type ClvModel, parseClvModel } from '../schemas/clv-model.ts'
import { DEFAULT_SETTINGS, parseSettings, type TenantSettings } from '../schemas/settings.ts'
import { parseThresholds, type Thresholds } from '../schemas/thresholds.ts'
import type { TopicName } from '../schemas/topics.ts'
import type { Broadcast } from './broadcast-port.ts'
import { BroadcastTopic } from './broadcast-topic.ts'
import type { Log } from './log.ts'

/**
 * Settings, thresholds and models of all tenants, read from their topics to the end before the first takeover and followed
 * from there. Batches are processed synchronously, so that a change takes effect between two of them.
 */
export class TopicBroadcast implements Broadcast {
  static readonly TOPICS = ['settings', 'thresholds', 'models'] as const satisfies readonly TopicName[]
  readonly #settings: BroadcastTopic<TenantSettings>
  readonly #thresholds: BroadcastTopic<Thresholds>
  readonly #clv: BroadcastTopic<ClvModel>
  /** Of scoring; those of CLV are beside them in the same topic. */
  readonly catalogue = new ModelCatalogue()

  constructor(log: Log) {
    this.#settings = new BroadcastTopic(parseSettings, log)
    this.#thresholds = new BroadcastTopic(parseThresholds, log)
    this.#clv = new BroadcastTopic(
      (json, key, offset) => {
        if (key.endsWith('/clv')) return parseClvModel(json)
        const problem = this.catalogue.apply(key, json, offset)
        if (problem !== null) log(`models: ${key}: ${problem}`, { level: 'error', key })
        return null
      },
      log,
      (key, offset) => this.catalogue.apply(key, null, offset),
    )
  }

  settings(tenantId: string): TenantSettings {
    return this.#settings.get(tenantId) ?? DEFAULT_SETTINGS
  }

  thresholds(tenantId: string): Thresholds | null {
    return this.#thresholds.get(tenantId) ?? null
  }

  /** Of every tenant who has any. */
  allThresholds(): Iterable<readonly [tenantId: string, thresholds: Thresholds]> {
    return this.#thresholds.entries()
  }

  get thresholdsRevision(): number {
    return this.#thresholds.revision
  }

  models(tenantId: string): Models {
    return this.catalogue.models(tenantId)
  }

  modelsVersion(tenantId: string): string {
    return this.catalogue.modelsVersion(tenantId)
  }

  get modelsRevision(): number {
    return this.catalogue.revision
  }

  /** Null until one is fitted. */
  clv(tenantId: string): ClvModel | null {
    return this.#clv.get(`${tenantId}/clv`) ?? null
  }

  async start(kafka: KafkaClient, fetcher: Fetcher, topicName: (topic: TopicName) => string): Promise<void> {
    const followed = [this.#settings, this.#thresholds, this.#clv] as const
    await Promise.all(TopicBroadcast.TOPICS.map((topic, i) => followed[i]!.start(kafka, fetcher, topicName(topic))))
  }

  close(): void {
    this.#settings.close()
    this.#thresholds.close()
    this.#clv.close()
  }
}
