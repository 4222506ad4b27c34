import { setTimeout as sleep } from 'node:timers/promises'
import type { KafkaClient } from '../connectors/kafka/client.ts'
import type { Fetcher, Subscription } from '../connectors/kafka/fetcher.ts'
import { logRange } from '../connectors/kafka/offsets.ts'
import { readPartition } from '../connectors/kafka/partition-reader.ts'
import type { ConsumedRecord } from '../connectors/kafka/record-batch-reader.ts'
import { compileModel, type Models } from '../models/linear-model.ts'
import { CHURN_PRIOR } from '../models/priors/churn-prior.ts'
import { LEAD_PRIOR } from '../models/priors/lead-prior.ts'
import { messageOf } from '../schemas/errors.ts'
import { DEFAULT_SETTINGS, parseSettings, type TenantSettings } from '../schemas/settings.ts'
import type { Broadcast } from './batch-processor.ts'
import type { Log } from './log.ts'

const RETRY_MS = 200

/**
 * Settings of all tenants, read from the topic to its end before the first takeover and followed from there. Batches are
 * processed synchronously, so that a change takes effect between two of them.
 */
export class TopicBroadcast implements Broadcast {
  readonly thresholdsVersion = 0
  readonly #settings = new Map<string, TenantSettings>()
  readonly #models: Models = { lead: compileModel(LEAD_PRIOR), churn: compileModel(CHURN_PRIOR) }
  readonly #log: Log
  #subscription: Subscription | null = null
  #closed = false

  constructor(log: Log) {
    this.#log = log
  }

  settings(tenantId: string): TenantSettings {
    return this.#settings.get(tenantId) ?? DEFAULT_SETTINGS
  }

  /** The prior scorecards, until a tenant has a trained model. */
  models(): Models {
    return this.#models
  }

  async start(kafka: KafkaClient, fetcher: Fetcher, topic: string): Promise<void> {
    const { start, end } = await logRange(kafka, topic, 0)
    for await (const { records } of readPartition(fetcher, topic, 0, { from: start, to: end })) this.#apply(records)
    this.#subscription = fetcher.subscribe(topic, 0, end, {
      wantsMore: () => true,
      push: (records) => this.#apply(records),
      failed: (error) => {
        this.#log(error.message, { level: 'error', code: error.code, topic })
        void this.#startAgain(kafka, fetcher, topic)
      },
    })
  }

  /** A broker that is starting may say that it has no such topic: settings must not stand still for ever after that. */
  async #startAgain(kafka: KafkaClient, fetcher: Fetcher, topic: string): Promise<void> {
    for (let done = false; !done; ) {
      await sleep(RETRY_MS, undefined, { ref: false })
      if (this.#closed) return
      try {
        await this.start(kafka, fetcher, topic)
        done = true
      } catch (error) {
        this.#log(`${topic} is not read: ${messageOf(error)}`, { level: 'debug', topic })
      }
    }
  }

  close(): void {
    this.#closed = true
    this.#subscription?.close()
  }

  #apply(records: readonly ConsumedRecord[]): void {
    for (const { key, value } of records) {
      const tenantId = key?.toString() ?? ''
      if (value === null) {
        this.#settings.delete(tenantId)
        continue
      }
      try {
        this.#settings.set(tenantId, parseSettings(JSON.parse(value.toString())))
      } catch (error) {
        // The settings before stay in force: `everscore init` refuses such a file, so somebody wrote to the topic.
        this.#log(`settings of ${tenantId} are refused: ${messageOf(error)}`, { level: 'error', tenantId })
      }
    }
  }
}
