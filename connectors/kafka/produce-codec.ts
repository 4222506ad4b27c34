import { protocolError, responseOf } from './internals.ts'
import type { RawCall } from './raw-call.ts'

const PRODUCE = 0
const VERSION = 7
export const ALL_REPLICAS = -1

export interface ProduceTarget {
  readonly topic: string
  readonly partition: number
  /** One finished record batch. */
  readonly batch: Buffer
}

export interface PartitionAnswer {
  readonly partition: number
  readonly errorCode: number
  readonly baseOffset: string
}

export interface ProduceAnswer {
  readonly topics: readonly { readonly topicName: string; readonly partitions: readonly PartitionAnswer[] }[]
}

/** Produce v7, acks=all: one record batch a partition, sent from where it was built. */
export function produceCall(
  transactionalId: string | null,
  targets: readonly ProduceTarget[],
  timeoutMs: number,
): RawCall<ProduceAnswer> {
  return {
    apiKey: PRODUCE,
    apiVersion: VERSION,
    apiName: 'Produce',
    pieces: encodeProduce(transactionalId, targets, timeoutMs),
    // kafkajs would take one refused batch for the refusal of all.
    response: { decode: responseOf<ProduceAnswer>('produce', VERSION).decode, parse: async (decoded) => decoded },
    requestTimeout: timeoutMs,
  }
}

/** Where each batch that the broker took begins, by `topic/partition`. */
export function baseOffsets({ topics }: ProduceAnswer): Map<string, number> {
  const taken = topics.flatMap(({ topicName, partitions }) =>
    partitions
      .filter(({ errorCode }) => errorCode === 0)
      .map(({ partition, baseOffset }) => [`${topicName}/${partition}`, Number(baseOffset)] as const),
  )
  return new Map(taken)
}

/** Why each batch that the broker didn't take was refused, by `topic/partition`; it took the others. */
export function refusedBatches(answer: ProduceAnswer): Map<string, Error> {
  const refused = answer.topics.flatMap(({ topicName, partitions }) =>
    partitions
      .filter(({ errorCode }) => errorCode !== 0)
      .map(({ partition, errorCode }) => [`${topicName}/${partition}`, protocolError(errorCode)] as const),
  )
  return new Map(refused)
}

function encodeProduce(transactionalId: string | null, targets: readonly ProduceTarget[], timeoutMs: number): Buffer[] {
  const idBytes = transactionalId === null ? 0 : Buffer.byteLength(transactionalId)
  const head = Buffer.alloc(2 + idBytes + 2 + 4 + 4)
  let at = head.writeInt16BE(transactionalId === null ? -1 : idBytes, 0)
  if (transactionalId !== null) at += head.write(transactionalId, at)
  at = head.writeInt16BE(ALL_REPLICAS, at)
  at = head.writeInt32BE(timeoutMs, at)
  head.writeInt32BE(targets.length, at)
  const pieces: Buffer[] = [head]
  for (const { topic, partition, batch } of targets) {
    const topicBytes = Buffer.byteLength(topic)
    const target = Buffer.alloc(2 + topicBytes + 12)
    at = target.writeInt16BE(topicBytes, 0)
    at += target.write(topic, at)
    at = target.writeInt32BE(1, at)
    at = target.writeInt32BE(partition, at)
    target.writeInt32BE(batch.length, at)
    pieces.push(target, batch)
  }
  return pieces
}
