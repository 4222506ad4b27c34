import type { Broker } from './internals.ts'
import { type ProduceAnswer, type ProduceTarget, produceCall } from './produce-codec.ts'
import type { RawCall } from './raw-call.ts'

/** Who writes: an older epoch of the same id is fenced. */
export interface ProducerIdentity {
  readonly transactionalId: string
  readonly producerId: bigint
  readonly epoch: number
}

export interface OffsetToCommit {
  readonly topic: string
  readonly partition: number
  /** Next to read. */
  readonly offset: number
}

/**
 * How a transaction is told to the brokers. Both may be used on one cluster, and by one transactional id one after the
 * other; what a broker does follows from the versions of the requests.
 */
export interface TransactionDialect {
  /** Partitions and offsets are made part of the transaction by requests of their own before anything is written. */
  readonly addsFirst: boolean
  produce(identity: ProducerIdentity, targets: readonly ProduceTarget[], timeoutMs: number): RawCall<ProduceAnswer>
  commitOffsets(request: CommitOffsets): Promise<void>
  /** Commits. @returns who the next transaction's writer is; record sequences begin anew where that is another */
  end(coordinator: Broker, identity: ProducerIdentity): Promise<ProducerIdentity>
}

export interface CommitOffsets {
  readonly coordinator: Broker
  readonly identity: ProducerIdentity
  readonly group: string
  readonly offsets: readonly OffsetToCommit[]
}

/** The identity as kafkajs's requests have it. */
export function asKafkajs({ transactionalId, producerId, epoch }: ProducerIdentity): {
  transactionalId: string
  producerId: string
  producerEpoch: number
} {
  return { transactionalId, producerId: String(producerId), producerEpoch: epoch }
}

/** As every Kafka since 0.11 understands it: three round trips a transaction. */
export const addingFirst: TransactionDialect = {
  addsFirst: true,
  produce: ({ transactionalId }, targets, timeoutMs) => produceCall(transactionalId, targets, timeoutMs),
  async commitOffsets({ coordinator, identity, group, offsets }) {
    const topics = offsets.map(({ topic, partition, offset }) => ({
      topic,
      partitions: [{ partition, offset: String(offset), metadata: '' }],
    }))
    await coordinator.txnOffsetCommit({ ...asKafkajs(identity), groupId: group, topics })
  },
  async end(coordinator, identity) {
    await coordinator.endTxn({ ...asKafkajs(identity), transactionResult: true })
    return identity
  },
}
