import { KafkaClient } from '../../connectors/kafka/client.ts'
import { FencedPublisher } from '../../connectors/kafka/fenced-publisher.ts'
import { TransactionalProducer } from '../../connectors/kafka/transactional-producer.ts'
import { waitUntil } from '../../connectors/stack/wait-until.ts'
import { featureVector } from '../../models/features.ts'
import { kafkaSettings } from '../../runtime/kafka-settings.ts'
import { type Customer, customerSchema } from '../../schemas/avro/customer.ts'
import { type ScoreSample, scoreSampleSchema } from '../../schemas/avro/score-sample.ts'
import type { Transaction } from '../../schemas/avro/transaction.ts'
import { AppError } from '../../schemas/errors.ts'
import type { LinearModel, ModelMetrics } from '../../schemas/model.ts'
import { type ServedModel, servedKey, versionKey } from '../../schemas/served-model.ts'
import { predict } from '../../training/evaluate.ts'
import { metricsOf } from '../../training/metrics.ts'
import { newestBefore } from '../../training/split.ts'
import { trainModel } from '../../training/train-model.ts'
import { fill, type Installed, startProcess } from '../setup.ts'
import { untilProcessed } from '../until-processed.ts'
import { halfOf } from './prequential.ts'
import { newestScores, readValues } from './published.ts'
import type { Purchase } from './retail.ts'

const GIVE_UP_MS = 600_000
const VERSION = 'repurchase-at-half'

/** Of the tenant: every event's features are told, and time is that of the file. */
export const PURCHASES_SETTINGS = { clock: 'event', watch: { sampleEvery: 1 } }

export interface ScoredPurchases {
  readonly examples: number
  readonly metrics: ModelMetrics
  /** From what the same model says of the same purchases in this process. */
  readonly largestDifference: number
}

/**
 * Purchases through the whole of it: the transactions up to the half of the time are written to the topics, a model learns
 * from the features that the worker tells of them in `score-samples` and the labels known by then, it is published, and the
 * worker scores the second half.
 * @throws AppError SERVER_FAILED naming what didn't come
 */
export async function purchasesThroughTopics(
  installation: Installed,
  purchases: readonly Purchase[],
  transactions: readonly Transaction[],
): Promise<ScoredPurchases> {
  const half = halfOf(purchases)
  const write = (part: readonly Transaction[]): Promise<void> =>
    fill(
      installation,
      part.map((event) => ({ topic: 'transactions', event })),
    )
  const worker = startProcess(installation, 'worker')
  try {
    await write(transactions.filter(({ occurredAt }) => occurredAt < half))
    await untilProcessed(installation.config, GIVE_UP_MS)
    const told = await toldFeatures(installation)
    const before = purchases
      .filter(({ at }) => at < half)
      .map((each) => ({ ...each, features: found(told, each.eventId) }))
    const known = before.filter(({ knownAt }) => knownAt <= half)
    const recent = newestBefore(before, half)
    const model = trainModel(known, { name: 'repurchase', kind: 'churn', version: VERSION, recent })
    await publish(installation, transactions[0]!.tenantId, model)
    await write(transactions.filter(({ occurredAt }) => occurredAt >= half))
    await untilProcessed(installation.config, GIVE_UP_MS)
    const risks = await eventRisks(installation)
    const test = purchases.filter(({ at }) => at >= half)
    const probabilities = test.map(({ eventId }) => found(risks, eventId))
    const own = predict(model, test)
    return {
      examples: test.length,
      metrics: metricsOf(
        probabilities,
        test.map(({ label }) => label),
      ),
      largestDifference: own.reduce((most, each, i) => Math.max(most, Math.abs(each - probabilities[i]!)), 0),
    }
  } finally {
    await worker.kill('SIGTERM')
  }
}

function found<T>(by: ReadonlyMap<string, T>, eventId: string): T {
  const value = by.get(eventId)
  if (value === undefined) throw new AppError('SERVER_FAILED', `nothing was told of ${eventId}`)
  return value
}

/** By event id, as `score-samples` says now. */
async function toldFeatures({ config }: Installed): Promise<Map<string, Float64Array>> {
  const samples = await readValues<ScoreSample>(config, 'score-samples', scoreSampleSchema)
  return new Map(samples.map(({ eventId, features }) => [eventId, featureVector(features)]))
}

/** By event id, what the model said at the event. */
async function eventRisks({ config }: Installed): Promise<Map<string, number>> {
  const customers = await readValues<Customer>(config, 'customers', customerSchema)
  const scored = customers.filter(({ cause, churn }) => cause === 'event' && churn.modelVersion === VERSION)
  return new Map(scored.map(({ eventId, churn }) => [eventId, churn.risk]))
}

/** Lets the model serve, and waits until stored scores are by it. */
async function publish({ config }: Installed, tenantId: string, model: LinearModel): Promise<void> {
  const topic = `${config.TOPIC_PREFIX}models`
  const client = new KafkaClient(kafkaSettings(config, 'bench-models'))
  try {
    await client.connect([topic])
    const producer = new TransactionalProducer({
      client,
      transactionalId: `${topic}-bench`,
      transactionTimeoutMs: config.TRANSACTION_TIMEOUT_MS,
      requestTimeoutMs: config.REQUEST_TIMEOUT_MS,
    })
    await producer.open()
    const served: ServedModel = { serving: VERSION, consideredUntil: 0, decisions: [] }
    const records = [
      { key: versionKey(tenantId, 'churn', VERSION), value: model },
      { key: servedKey(tenantId, 'churn'), value: served },
    ]
    await new FencedPublisher(producer, Date.now).send(
      records.map(({ key, value }) => ({
        topic,
        partition: 0,
        key: Buffer.from(key),
        value: Buffer.from(JSON.stringify(value)),
      })),
    )
  } finally {
    await client.close()
  }
  const areMade = async (): Promise<boolean> =>
    [...(await newestScores(config))].every(
      ([key, { churn }]) => !key.startsWith(`${tenantId}/`) || churn.version === VERSION,
    )
  await waitUntil(areMade, { timeoutMs: GIVE_UP_MS, what: 'scores by the model', everyMs: 1_000 })
}
