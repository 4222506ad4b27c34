import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../../schemas/errors.ts'
import { stepDone } from '../../schemas/steps.ts'
import type { KafkaClient } from './client.ts'
import type { Broker } from './internals.ts'
import { asKafkaError, kafkaErrorType } from './kafka-error.ts'
import { baseOffsets, type ProduceTarget, produceCall } from './produce-codec.ts'
import { sendRaw } from './raw-call.ts'
import type { RecordBatchBuilder } from './record-batch-builder.ts'

/** Answers that only mean "not yet": the last transaction's markers are being written, or a coordinator moves. */
const NOT_YET_TYPES = new Set([
  'CONCURRENT_TRANSACTIONS',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'GROUP_LOAD_IN_PROGRESS',
  'NOT_COORDINATOR_FOR_GROUP',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'KafkaJSGroupCoordinatorNotFound',
])
const NOT_YET_WAIT_MS = 2

interface Coordinated {
  readonly kind: 'group' | 'transaction'
  readonly name: string
}

export interface TransactionOutput {
  readonly topic: string
  readonly partition: number
  readonly batch: RecordBatchBuilder
}

export interface Transaction {
  readonly outputs: readonly TransactionOutput[]
  readonly group: string
  /** Next offset to read of each input partition. */
  readonly offsets: readonly { readonly topic: string; readonly partition: number; readonly offset: number }[]
}

export interface TransactionalProducerOptions {
  readonly client: KafkaClient
  readonly transactionalId: string
  /** The broker aborts a transaction that is open for longer: how long a dead owner can hold up readers. */
  readonly transactionTimeoutMs: number
  readonly requestTimeoutMs: number
}

/**
 * The transactions of one transactional id, one at a time. `open` fences the previous owner of the id and waits for its
 * transaction to end. A failed `commit` leaves the outcome unknown and the producer unusable: throw it away, open a new
 * one (which settles the old transaction) and read the committed offsets.
 */
export class TransactionalProducer {
  readonly #options: TransactionalProducerOptions
  readonly #sequences = new Map<string, number>()
  #producerId = -1n
  #epoch = -1
  #usable = false

  constructor(options: TransactionalProducerOptions) {
    this.#options = options
  }

  async open(): Promise<void> {
    const { transactionalId, transactionTimeoutMs } = this.#options
    const { producerId, producerEpoch } = await this.#withCoordinator('taking the transactional id over', (broker) =>
      broker.initProducerId({ transactionalId, transactionTimeout: transactionTimeoutMs }),
    )
    this.#producerId = BigInt(producerId)
    this.#epoch = producerEpoch
    this.#sequences.clear()
    this.#usable = true
  }

  /** @returns the base offset of each output batch, by `topic/partition` */
  async commit(transaction: Transaction): Promise<Map<string, number>> {
    if (!this.#usable) throw new AppError('INTERNAL', 'a producer is used after a failed transaction')
    this.#usable = false
    stepDone('batch-processed')
    const { transactionalId } = this.#options
    const id = { transactionalId, producerId: String(this.#producerId), producerEpoch: this.#epoch }
    const { outputs, group, offsets } = transaction
    const topics = [...Map.groupBy(outputs, (output) => output.topic)].map(([topic, each]) => ({
      topic,
      partitions: each.map((output) => output.partition),
    }))
    if (topics.length > 0) {
      await this.#withCoordinator('adding partitions to the transaction', (broker) =>
        broker.addPartitionsToTxn({ ...id, topics }),
      )
    }
    await this.#withCoordinator('adding offsets to the transaction', (broker) =>
      broker.addOffsetsToTxn({ ...id, groupId: group }),
    )
    stepDone('transaction-begun')
    const [written] = await allSettledOrThrow([this.#produce(outputs), this.#commitOffsets(id, group, offsets)])
    stepDone('transaction-written')
    await this.#withCoordinator('committing the transaction', (broker) =>
      broker.endTxn({ ...id, transactionResult: true }),
    )
    stepDone('transaction-ended')
    for (const { topic, partition, batch } of outputs) {
      const name = `${topic}/${partition}`
      this.#sequences.set(name, ((this.#sequences.get(name) ?? 0) + batch.count) % 2 ** 31)
    }
    this.#usable = true
    return written
  }

  async #produce(outputs: readonly TransactionOutput[]): Promise<Map<string, number>> {
    const { client, transactionalId, requestTimeoutMs } = this.#options
    const byLeader = Map.groupBy(outputs, ({ topic, partition }) => client.leaderOf(topic, partition))
    const answers = await allSettledOrThrow(
      [...byLeader].map(async ([nodeId, mine]) => {
        const targets: ProduceTarget[] = mine.map(({ topic, partition, batch }) => ({
          topic,
          partition,
          batch: batch.finish({
            producerId: this.#producerId,
            producerEpoch: this.#epoch,
            baseSequence: this.#sequences.get(`${topic}/${partition}`) ?? 0,
            transactional: true,
          }),
        }))
        try {
          const broker = await client.broker(nodeId)
          return baseOffsets(await sendRaw(broker, produceCall(transactionalId, targets, requestTimeoutMs)))
        } catch (error) {
          throw asKafkaError(error, 'producing', { topics: targets.map((target) => target.topic) })
        }
      }),
    )
    stepDone('records-sent')
    return new Map(answers.flatMap((answer) => [...answer]))
  }

  async #commitOffsets(
    id: { transactionalId: string; producerId: string; producerEpoch: number },
    group: string,
    offsets: Transaction['offsets'],
  ): Promise<void> {
    const topics = offsets.map(({ topic, partition, offset }) => ({
      topic,
      partitions: [{ partition, offset: String(offset), metadata: '' }],
    }))
    await this.#asking({ kind: 'group', name: group }, 'committing the offsets', (coordinator) =>
      coordinator.txnOffsetCommit({ ...id, groupId: group, topics }),
    )
    stepDone('offsets-sent')
  }

  #withCoordinator<T>(doing: string, ask: (broker: Broker) => Promise<T>): Promise<T> {
    return this.#asking({ kind: 'transaction', name: this.#options.transactionalId }, doing, ask)
  }

  /** Asks a coordinator, again while it only says "not yet", for as long as a request may take. */
  async #asking<T>(whose: Coordinated, doing: string, ask: (broker: Broker) => Promise<T>): Promise<T> {
    const { client, transactionalId, requestTimeoutMs } = this.#options
    const deadline = performance.now() + requestTimeoutMs
    for (let wait = NOT_YET_WAIT_MS; ; wait = Math.min(wait * 2, 100)) {
      try {
        return await ask(await client.coordinator(whose.name, whose.kind))
      } catch (error) {
        const type = kafkaErrorType(error)
        if (type !== 'CONCURRENT_TRANSACTIONS') client.forgetCoordinator(whose.name, whose.kind)
        if (!NOT_YET_TYPES.has(type) || performance.now() > deadline) {
          throw asKafkaError(error, doing, { transactionalId })
        }
        await sleep(wait)
      }
    }
  }
}

/** Like Promise.all, but only after all have ended: buffers that a request still reads may not be used again. */
async function allSettledOrThrow<const T extends readonly Promise<unknown>[]>(
  promises: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const settled = await Promise.allSettled(promises)
  const failed = settled.find((each) => each.status === 'rejected')
  if (failed) throw failed.reason
  return settled.map((each) => (each as PromiseFulfilledResult<unknown>).value) as {
    -readonly [K in keyof T]: Awaited<T[K]>
  }
}
