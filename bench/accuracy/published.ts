import { KafkaClient } from '../../connectors/kafka/client.ts'
import type { ConsumedRecord } from '../../connectors/kafka/consumed-record.ts'
import { Registry } from '../../connectors/registry/registry.ts'
import { ResultLogs } from '../../demo/books/result-logs.ts'
import type { Config } from '../../runtime/config.ts'
import { kafkaSettings } from '../../runtime/kafka-settings.ts'
import { type Customer, customerSchema } from '../../schemas/avro/customer.ts'
import type { AvroSchema } from '../../schemas/avro.ts'
import { AvroCodec } from '../../schemas/codec.ts'
import { type LinearModel, type ModelKind, parseModel } from '../../schemas/model.ts'
import { parseModelKey, parseServedModel, type ServedModel, versionKey } from '../../schemas/served-model.ts'

export interface Published {
  readonly served: ServedModel
  /** The one that serves; null: the prior scorecard. */
  readonly model: LinearModel | null
}

/** What serves, by `<tenantId>/<kind>`, as the topic `models` says now. */
export async function publishedModels(config: Config): Promise<Map<string, Published>> {
  const values = new Map<string, unknown>()
  await readAll(config, 'models', ({ key, value }) => {
    if (key !== null && value !== null) values.set(key.toString(), JSON.parse(value.toString()))
  })
  const published = new Map<string, Published>()
  for (const [key, value] of values) {
    const named = parseModelKey(key)
    if (named === null || named.version !== null || named.isPin) continue
    const served = parseServedModel(value)
    const { serving } = served
    const model = serving === null ? null : parseModel(values.get(versionKey(named.tenantId, named.kind, serving)))
    published.set(key, { served, model })
  }
  return published
}

export interface Score {
  readonly version: string
  readonly probability: number
}
export type Scores = Readonly<Record<ModelKind, Score>>

/** The newest scores of each customer, by `<tenantId>/<customerId>`, as the topic `customers` says now. */
export async function newestScores(config: Config): Promise<Map<string, Scores>> {
  const codec = new AvroCodec<Customer>(customerSchema, new Registry(config.SCHEMA_REGISTRY_URL))
  const newest = new Map<string, Buffer>()
  await readAll(config, 'customers', ({ key, value }) => {
    if (key !== null && value !== null) newest.set(key.toString(), value)
  })
  const scores = new Map<string, Scores>()
  for (const [key, value] of newest) {
    const { lead, churn } = await codec.decodeLoading(value)
    scores.set(key, {
      lead: { version: lead.modelVersion, probability: lead.probability },
      churn: { version: churn.modelVersion, probability: churn.risk },
    })
  }
  return scores
}

/** All values of a result topic, in the order of each partition; null ones are left out. */
export async function readValues<T>(config: Config, topic: string, schema: AvroSchema): Promise<T[]> {
  const codec = new AvroCodec<T>(schema, new Registry(config.SCHEMA_REGISTRY_URL))
  const values: Buffer[] = []
  await readAll(config, topic, ({ value }) => void (value && values.push(value)))
  const decoded: T[] = []
  for (const value of values) decoded.push(await codec.decodeLoading(value))
  return decoded
}

async function readAll(config: Config, topic: string, take: (record: ConsumedRecord) => void): Promise<void> {
  const client = new KafkaClient(kafkaSettings(config, 'bench-published'))
  const logs = new ResultLogs(client, config.TOPIC_PREFIX)
  try {
    const name = config.TOPIC_PREFIX + topic
    await client.connect([name])
    for (let partition = 0; partition < client.partitionsOf(name); partition++) {
      for (const record of await logs.read(topic, partition)) take(record)
    }
  } finally {
    await logs.close()
    await client.close()
  }
}
