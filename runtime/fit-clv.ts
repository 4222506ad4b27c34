import type { KafkaClient } from '../connectors/kafka/client.ts'
import type { EventProducer } from '../connectors/kafka/event-producer.ts'
import type { FencedPublisher } from '../connectors/kafka/fenced-publisher.ts'
import type { Fetcher } from '../connectors/kafka/fetcher.ts'
import { logRange } from '../connectors/kafka/offsets.ts'
import { readPartition } from '../connectors/kafka/partition-reader.ts'
import { CustomerSample, type PurchaseSummary } from '../models/clv/customer-sample.ts'
import { type FitClvOptions, MAX_CUSTOMERS } from '../models/clv/fit-clv.ts'
import type { Customer } from '../schemas/avro/customer.ts'
import type { ClvModel } from '../schemas/clv-model.ts'
import type { AvroCodec } from '../schemas/codec.ts'
import type { TenantSettings } from '../schemas/settings.ts'
import { decodeState } from '../schemas/state-codec.ts'

export interface FitClvPorts {
  readonly kafka: KafkaClient
  readonly fetcher: Fetcher
  readonly producer: Pick<EventProducer, 'send'> | Pick<FencedPublisher, 'send'>
  readonly customerCodec: AvroCodec<Customer>
  readonly settings: (tenantId: string) => TenantSettings
  readonly topicName: (topic: string) => string
  /** Runs fitClv where it holds nobody up. */
  readonly fit: (
    states: readonly PurchaseSummary[],
    options: FitClvOptions,
    signal: AbortSignal,
  ) => Promise<ClvModel | null>
  readonly now: () => number
}

interface Observed {
  readonly sample: CustomerSample
  newestAt: number
}

/**
 * Reads the changelog of the customers once, fits each tenant's CLV model and publishes it on `models`, key
 * `<tenantId>/clv`. Memory: a summary of MAX_CUSTOMERS customers a tenant at most.
 * @param only the one tenant to do it for; null: all
 * @returns by tenant; null: too few customers bought again, and nothing is published
 */
export async function fitClvModels(
  ports: FitClvPorts,
  only: string | null,
  signal: AbortSignal,
): Promise<Map<string, ClvModel | null>> {
  const { now, producer, settings, topicName } = ports
  const tenants = await observe(ports, only, signal)
  const models = new Map<string, ClvModel | null>()
  for (const [tenantId, { sample, newestAt }] of tenants) {
    // For a tenant who lives by the wall clock, the silence since the newest event counts as well.
    const asOf = settings(tenantId).clock === 'event' ? newestAt : Math.max(newestAt, now())
    models.set(
      tenantId,
      await ports.fit(sample.summaries(), { version: `clv-${new Date(asOf).toISOString()}`, asOf }, signal),
    )
  }
  await producer.send(
    [...models].flatMap(([tenantId, model]) =>
      model === null
        ? []
        : [
            {
              topic: topicName('models'),
              key: Buffer.from(`${tenantId}/clv`),
              value: Buffer.from(JSON.stringify(model)),
              timestamp: now(),
              partition: 0,
            },
          ],
    ),
  )
  return models
}

async function observe(ports: FitClvPorts, only: string | null, signal: AbortSignal): Promise<Map<string, Observed>> {
  const { kafka, fetcher, customerCodec, topicName } = ports
  const topic = topicName('customers')
  const tenants = new Map<string, Observed>()
  for (let partition = 0; partition < kafka.partitionsOf(topic); partition++) {
    const { start, end } = await logRange(kafka, topic, partition)
    for await (const { records } of readPartition(fetcher, topic, partition, { from: start, to: end }, signal)) {
      for (const { key: bytes, value } of records) {
        const key = bytes?.toString() ?? ''
        const tenantId = key.slice(0, key.indexOf('/'))
        if (only !== null && tenantId !== only) continue
        const customer = value === null ? null : await customerCodec.decodeLoading(value)
        // Of the records of one batch only a customer's last has his state.
        if (customer !== null && customer.state.length === 0) continue
        let observed = tenants.get(tenantId)
        if (observed === undefined) {
          observed = { sample: new CustomerSample(MAX_CUSTOMERS), newestAt: 0 }
          tenants.set(tenantId, observed)
        }
        const state = customer === null ? null : decodeState(customer.state)
        observed.sample.put(key, state)
        if (state !== null) observed.newestAt = Math.max(observed.newestAt, state.newestAt)
      }
    }
  }
  return tenants
}
