import { CompactWriter } from './compact-fields.ts'
import { flexibleCall } from './flexible-call.ts'
import { throwIfRefused } from './internals.ts'
import { ALL_REPLICAS, type PartitionAnswer, type ProduceAnswer, type ProduceTarget } from './produce-codec.ts'
import { type RawCall, sendRaw } from './raw-call.ts'
import type { CommitOffsets, ProducerIdentity, TransactionDialect } from './transaction-dialect.ts'

const NO_GENERATION = -1
const NO_LEADER_EPOCH = -1

/**
 * As Kafka 4 understands it (KIP-890, feature `transaction.version` 2): brokers make what is written part of the
 * transaction by themselves, which saves a round trip, and each end of a transaction raises the epoch, so that what a
 * transaction left on its way can't become part of the next one. kafkajs ends at older versions of these requests.
 */
export const addingImplicitly: TransactionDialect = {
  addsFirst: false,
  produce: produceImplicitly,
  async commitOffsets({ coordinator, ...request }) {
    await sendRaw(coordinator, txnOffsetCommitCall(request))
  },
  async end(coordinator, identity) {
    const { producerId, epoch } = await sendRaw(coordinator, endTxnCall(identity))
    return { transactionalId: identity.transactionalId, producerId, epoch }
  },
}

/** Produce v12, acks=all: one record batch a partition, sent from where it was built. */
function produceImplicitly(
  { transactionalId }: ProducerIdentity,
  targets: readonly ProduceTarget[],
  timeoutMs: number,
): RawCall<ProduceAnswer> {
  const body = new CompactWriter().text(transactionalId).int16(ALL_REPLICAS).int32(timeoutMs).length(targets.length)
  const pieces: Buffer[] = []
  for (const { topic, partition, batch } of targets) {
    pieces.push(body.text(topic).length(1).int32(partition).length(batch.length).take(), batch)
    // Of the partition, and of the topic.
    body.noTags().noTags()
  }
  pieces.push(body.noTags().take())
  return flexibleCall({
    apiKey: 0,
    apiVersion: 12,
    apiName: 'Produce',
    pieces,
    timeoutMs,
    decode: (answer) => {
      const topics: { topicName: string; partitions: PartitionAnswer[] }[] = []
      answer.each(() => {
        const topicName = answer.text()
        const partitions: PartitionAnswer[] = []
        answer.each(() => {
          partitions.push({
            partition: answer.int32(),
            errorCode: answer.int16(),
            baseOffset: String(answer.int64()),
          })
          // The time of appending, and where the log starts.
          answer.skip(8 + 8)
          answer.each(() => {
            answer.int32()
            answer.text()
            answer.tags()
          })
          answer.text()
          answer.tags()
        })
        answer.tags()
        topics.push({ topicName, partitions })
      })
      return { topics, clientSideThrottleTime: answer.int32() }
    },
  })
}

/** TxnOffsetCommit v5, of no generation: who may commit is told by the transactional id, as everywhere else. */
function txnOffsetCommitCall({ identity, group, offsets }: Omit<CommitOffsets, 'coordinator'>) {
  const { transactionalId, producerId, epoch } = identity
  const body = new CompactWriter().text(transactionalId).text(group).int64(producerId).int16(epoch)
  body.int32(NO_GENERATION).text('').text(null).length(offsets.length)
  for (const { topic, partition, offset } of offsets) {
    body.text(topic).length(1).int32(partition).int64(BigInt(offset)).int32(NO_LEADER_EPOCH).text('')
    body.noTags().noTags()
  }
  return flexibleCall({
    apiKey: 28,
    apiVersion: 5,
    apiName: 'TxnOffsetCommit',
    pieces: [body.noTags().take()],
    decode: (answer) => {
      const clientSideThrottleTime = answer.int32()
      answer.each(() => {
        answer.text()
        answer.each(() => {
          answer.int32()
          throwIfRefused(answer.int16())
          answer.tags()
        })
        answer.tags()
      })
      return { clientSideThrottleTime }
    },
  })
}

/** EndTxn v5, committing; the answer tells the identity of the next transaction. */
function endTxnCall({ transactionalId, producerId, epoch }: ProducerIdentity) {
  const body = new CompactWriter().text(transactionalId).int64(producerId).int16(epoch).int8(1).noTags()
  return flexibleCall({
    apiKey: 26,
    apiVersion: 5,
    apiName: 'EndTxn',
    pieces: [body.take()],
    decode: (answer) => {
      const clientSideThrottleTime = answer.int32()
      throwIfRefused(answer.int16())
      return { producerId: answer.int64(), epoch: answer.int16(), clientSideThrottleTime }
    },
  })
}
