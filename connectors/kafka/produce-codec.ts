import { encodedRequest, type ProtocolCall, protocolError, responseOf } from './internals.ts'

const PRODUCE = 0
const VERSION = 7
const ALL_REPLICAS = -1

export interface ProduceTarget {
  readonly topic: string
  readonly partition: number
  /** One finished record batch. */
  readonly batch: Buffer
}

interface ProduceAnswer {
  readonly topics: readonly {
    readonly topicName: string
    readonly partitions: readonly {
      readonly partition: number
      readonly errorCode: number
      readonly baseOffset: string
    }[]
  }[]
}

/** Produce v7, acks=all: one record batch a partition, written into the request as it is. */
export function produceCall(
  transactionalId: string | null,
  targets: readonly ProduceTarget[],
  timeoutMs: number,
): ProtocolCall<ProduceAnswer> {
  return {
    request: {
      apiKey: PRODUCE,
      apiVersion: VERSION,
      apiName: 'Produce',
      encode: async () => encodedRequest(encodeProduce(transactionalId, targets, timeoutMs)),
    },
    response: responseOf('produce', VERSION),
    requestTimeout: timeoutMs,
    logResponseError: false,
  }
}

/** Base offset of each batch, by `topic/partition`. @throws KafkaJSProtocolError for the first that was refused */
export function baseOffsets(answer: ProduceAnswer): Map<string, number> {
  const offsets = new Map<string, number>()
  for (const { topicName, partitions } of answer.topics) {
    for (const { partition, errorCode, baseOffset } of partitions) {
      if (errorCode !== 0) throw protocolError(errorCode)
      offsets.set(`${topicName}/${partition}`, Number(baseOffset))
    }
  }
  return offsets
}

function encodeProduce(transactionalId: string | null, targets: readonly ProduceTarget[], timeoutMs: number): Buffer {
  const idBytes = transactionalId === null ? 0 : Buffer.byteLength(transactionalId)
  let size = 2 + idBytes + 2 + 4 + 4
  for (const { topic, batch } of targets) size += 2 + Buffer.byteLength(topic) + 4 + 4 + 4 + batch.length
  const buffer = Buffer.allocUnsafe(size)
  let at = buffer.writeInt16BE(transactionalId === null ? -1 : idBytes, 0)
  if (transactionalId !== null) at += buffer.write(transactionalId, at)
  at = buffer.writeInt16BE(ALL_REPLICAS, at)
  at = buffer.writeInt32BE(timeoutMs, at)
  at = buffer.writeInt32BE(targets.length, at)
  for (const { topic, partition, batch } of targets) {
    at = buffer.writeInt16BE(Buffer.byteLength(topic), at)
    at += buffer.write(topic, at)
    at = buffer.writeInt32BE(1, at)
    at = buffer.writeInt32BE(partition, at)
    at = buffer.writeInt32BE(batch.length, at)
    at += batch.copy(buffer, at)
  }
  return buffer
}
