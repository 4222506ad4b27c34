import { allSettledOrThrow } from './all-settled-or-throw.ts'
import type { KafkaClient } from './client.ts'
import { asKafkaError, kafkaErrorType } from './kafka-error.ts'
import { baseOffsets, type ProduceAnswer, type ProduceTarget, refusedBatches } from './produce-codec.ts'
import { type RawCall, sendRaw } from './raw-call.ts'
import type { RecordBatchBuilder } from './record-batch-builder.ts'
import { untilTaken } from './until-taken.ts'

/**
 * Answers that mean that nothing was written and the same batch will be taken later: the last transaction's markers are
 * still being written, or too few replicas are in step. A broker that adds what is written to the transaction by itself
 * answers so, too, for a transaction coordinator that moves or is loading (KIP-890).
 */
const NOT_YET_TYPES = new Set(['CONCURRENT_TRANSACTIONS', 'NOT_ENOUGH_REPLICAS'])
/** Answers that mean that the leader is another than is known here. */
const MOVED_TYPES = new Set([
  'NOT_LEADER_FOR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'KAFKA_STORAGE_ERROR',
])

export interface TransactionOutput {
  readonly topic: string
  readonly partition: number
  /** At least one, in their order. */
  readonly batches: readonly RecordBatchBuilder[]
}

export interface Producing {
  readonly client: Pick<KafkaClient, 'leaderOf' | 'broker' | 'refreshMetadata'>
  readonly timeoutMs: number
  readonly call: (targets: readonly ProduceTarget[]) => RawCall<ProduceAnswer>
  /** The bytes of a batch, with who writes it and its sequence; called once for each, in their order. */
  readonly stamped: (topic: string, partition: number, batch: RecordBatchBuilder) => Buffer
}

/**
 * Writes the outputs of a transaction.
 * @returns the offset after the last record of each output, by `topic/partition`
 * @throws AppError what refused a batch, once all requests have ended
 */
export async function produceOutputs(
  outputs: readonly TransactionOutput[],
  producing: Producing,
): Promise<Map<string, number>> {
  const { client } = producing
  try {
    const byLeader = Map.groupBy(outputs, ({ topic, partition }) => client.leaderOf(topic, partition))
    const answers = await allSettledOrThrow([...byLeader].map(([nodeId, mine]) => produceTo(nodeId, mine, producing)))
    return new Map(answers.flatMap((answer) => [...answer]))
  } catch (error) {
    if (MOVED_TYPES.has(kafkaErrorType(error))) await refreshLeaders(client)
    throw asKafkaError(error, 'producing', { topics: [...new Set(outputs.map(({ topic }) => topic))] })
  }
}

/**
 * A request takes one batch of each partition. The later ones follow on the same connection, in their order, once the first
 * ones are taken: those may have to be sent again.
 */
async function produceTo(
  nodeId: number,
  outputs: readonly TransactionOutput[],
  producing: Producing,
): Promise<Map<string, number>> {
  const ends = new Map<string, number>()
  const produce = async (i: number): Promise<void> => {
    const sent = outputs.filter(({ batches }) => i < batches.length)
    const targets = sent.map(({ topic, partition, batches }) => ({
      topic,
      partition,
      batch: producing.stamped(topic, partition, batches[i]!),
    }))
    const bases = await produceBatches(nodeId, targets, producing)
    for (const output of sent) {
      const base = bases.get(nameOf(output))
      const isLast = i === output.batches.length - 1
      if (base !== undefined && isLast) ends.set(nameOf(output), base + output.batches[i]!.count)
    }
  }
  await produce(0)
  const later = Math.max(...outputs.map(({ batches }) => batches.length)) - 1
  await allSettledOrThrow(Array.from({ length: later }, (_, i) => produce(i + 1)))
  return ends
}

/** One batch a partition. @returns where each begins, by `topic/partition` @throws what refused one for good */
async function produceBatches(
  nodeId: number,
  targets: readonly ProduceTarget[],
  { client, call, timeoutMs }: Producing,
): Promise<Map<string, number>> {
  const bases = new Map<string, number>()
  let left = targets
  await untilTaken(timeoutMs, NOT_YET_TYPES, async () => {
    const answer = await sendRaw(await client.broker(nodeId), call(left))
    const refused = refusedBatches(answer)
    for (const [name, base] of baseOffsets(answer)) bases.set(name, base)
    left = left.filter((target) => refused.has(nameOf(target)))
    const errors = [...refused.values()]
    const error = errors.find((each) => !NOT_YET_TYPES.has(kafkaErrorType(each))) ?? errors[0]
    if (error) throw error
  })
  return bases
}

async function refreshLeaders(client: Producing['client']): Promise<void> {
  await client.refreshMetadata().catch(() => {
    // Nobody answers: whoever writes next finds out.
  })
}

function nameOf({ topic, partition }: Pick<ProduceTarget, 'topic' | 'partition'>): string {
  return `${topic}/${partition}`
}
