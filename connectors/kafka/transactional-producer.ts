import { AppError } from '../../schemas/errors.ts'
import { stepDone } from '../../schemas/steps.ts'
import { allSettledOrThrow } from './all-settled-or-throw.ts'
import { chooseDialect } from './choose-dialect.ts'
import type { KafkaClient } from './client.ts'
import type { CompressionType } from './compression.ts'
import type { Broker } from './internals.ts'
import { asKafkaError, kafkaErrorType } from './kafka-error.ts'
import { produceOutputs, type TransactionOutput } from './produce-outputs.ts'
import type { RecordBatchBuilder } from './record-batch-builder.ts'
import {
  addingFirst,
  asKafkajs,
  type OffsetToCommit,
  type ProducerIdentity,
  type TransactionDialect,
} from './transaction-dialect.ts'
import { untilTaken } from './until-taken.ts'

/** Answers that only mean "not yet": the last transaction's markers are being written, or a coordinator moves. */
const NOT_YET_TYPES = new Set([
  'CONCURRENT_TRANSACTIONS',
  'GROUP_LOAD_IN_PROGRESS',
  'NOT_COORDINATOR_FOR_GROUP',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'KafkaJSGroupCoordinatorNotFound',
])

interface Coordinated {
  readonly kind: 'group' | 'transaction'
  readonly name: string
}

export interface Transaction {
  readonly outputs: readonly TransactionOutput[]
  /** Whose offsets are committed; null: nobody's. */
  readonly group: string | null
  /** Next offset to read of each input partition. */
  readonly offsets: readonly OffsetToCommit[]
}

export interface TransactionalProducerOptions {
  readonly client: KafkaClient
  readonly transactionalId: string
  /** The broker aborts a transaction that is open for longer: how long a dead owner can hold up readers. */
  readonly transactionTimeoutMs: number
  readonly requestTimeoutMs: number
  /** Of the batches; none by default. */
  readonly compression?: CompressionType
  /** How transactions are told to the brokers; by default `open` chooses. */
  readonly dialect?: TransactionDialect
}

/**
 * The transactions of one transactional id, one at a time. `open` fences the previous owner of the id and waits for its
 * transaction to end. A failed `commit` leaves the outcome unknown and the producer unusable: throw it away, open a new
 * one (which settles the old transaction) and read the committed offsets.
 */
export class TransactionalProducer {
  readonly #options: TransactionalProducerOptions
  readonly #sequences = new Map<string, number>()
  #dialect: TransactionDialect = addingFirst
  #identity: ProducerIdentity
  #usable = false

  constructor(options: TransactionalProducerOptions) {
    this.#options = options
    this.#identity = { transactionalId: options.transactionalId, producerId: -1n, epoch: -1 }
  }

  async open(): Promise<void> {
    const { client, transactionalId, transactionTimeoutMs, dialect } = this.#options
    const { producerId, producerEpoch } = await this.#withCoordinator('taking the transactional id over', (broker) =>
      broker.initProducerId({ transactionalId, transactionTimeout: transactionTimeoutMs }),
    )
    this.#dialect =
      dialect ??
      (await this.#withCoordinator('asking how transactions are written', (broker) => chooseDialect(client, broker)))
    this.#become({ transactionalId, producerId: BigInt(producerId), epoch: producerEpoch })
    this.#usable = true
  }

  /**
   * @param transaction with neither outputs nor offsets it is none: the brokers aren't told of it
   * @returns the offset after the last record of each output, by `topic/partition`
   */
  async commit(transaction: Transaction): Promise<Map<string, number>> {
    if (!this.#usable) throw new AppError('INTERNAL', 'a producer is used after a failed transaction')
    const { outputs, offsets } = transaction
    const group = offsets.length > 0 ? transaction.group : null
    if (outputs.length === 0 && group === null) return new Map()
    this.#usable = false
    stepDone('batch-processed')
    if (this.#dialect.addsFirst) await this.#add(outputs, group)
    stepDone('transaction-begun')
    const [written] = await allSettledOrThrow([
      this.#produce(outputs),
      group === null ? Promise.resolve() : this.#commitOffsets(group, offsets),
    ])
    stepDone('transaction-written')
    const next = await this.#withCoordinator('committing the transaction', (broker) =>
      this.#dialect.end(broker, this.#identity),
    )
    stepDone('transaction-ended')
    this.#become(next)
    this.#usable = true
    return written
  }

  /** Sequences are those of an epoch. */
  #become(identity: ProducerIdentity): void {
    if (identity === this.#identity) return
    this.#identity = identity
    this.#sequences.clear()
  }

  /** Two requests at once: a broker answers those of one connection in their order. */
  async #add(outputs: Transaction['outputs'], group: string | null): Promise<void> {
    const byTopic = Map.groupBy(outputs, ({ topic }) => topic)
    const topics = [...byTopic].map(([topic, each]) => ({ topic, partitions: each.map(({ partition }) => partition) }))
    const requests: Promise<unknown>[] = []
    if (topics.length > 0) {
      requests.push(
        this.#withCoordinator('adding partitions to the transaction', (broker) =>
          broker.addPartitionsToTxn({ ...asKafkajs(this.#identity), topics }),
        ),
      )
    }
    if (group !== null) {
      requests.push(
        this.#withCoordinator('adding offsets to the transaction', (broker) =>
          broker.addOffsetsToTxn({ ...asKafkajs(this.#identity), groupId: group }),
        ),
      )
    }
    await allSettledOrThrow(requests)
  }

  async #produce(outputs: readonly TransactionOutput[]): Promise<Map<string, number>> {
    const { client, requestTimeoutMs } = this.#options
    const written = await produceOutputs(outputs, {
      client,
      timeoutMs: requestTimeoutMs,
      call: (targets) => this.#dialect.produce(this.#identity, targets, requestTimeoutMs),
      stamped: (topic, partition, batch) => this.#stamped(topic, partition, batch),
    })
    stepDone('records-sent')
    return written
  }

  #stamped(topic: string, partition: number, batch: RecordBatchBuilder): Buffer {
    const name = `${topic}/${partition}`
    const baseSequence = this.#sequences.get(name) ?? 0
    this.#sequences.set(name, (baseSequence + batch.count) % 2 ** 31)
    const { producerId, epoch } = this.#identity
    const stamp = { producerId, producerEpoch: epoch, baseSequence, transactional: true }
    return batch.finish(stamp, this.#options.compression)
  }

  async #commitOffsets(group: string, offsets: Transaction['offsets']): Promise<void> {
    await this.#asking({ kind: 'group', name: group }, 'committing the offsets', (coordinator) =>
      this.#dialect.commitOffsets({ coordinator, identity: this.#identity, group, offsets }),
    )
    stepDone('offsets-sent')
  }

  #withCoordinator<T>(doing: string, ask: (broker: Broker) => Promise<T>): Promise<T> {
    return this.#asking({ kind: 'transaction', name: this.#options.transactionalId }, doing, ask)
  }

  /** Asks a coordinator, again while it only says "not yet", for as long as a request may take. */
  async #asking<T>(whose: Coordinated, doing: string, ask: (broker: Broker) => Promise<T>): Promise<T> {
    const { client, transactionalId, requestTimeoutMs } = this.#options
    try {
      return await untilTaken(requestTimeoutMs, NOT_YET_TYPES, async () => {
        try {
          return await ask(await client.coordinator(whose.name, whose.kind))
        } catch (error) {
          if (kafkaErrorType(error) !== 'CONCURRENT_TRANSACTIONS') client.forgetCoordinator(whose.name, whose.kind)
          throw error
        }
      })
    } catch (error) {
      throw asKafkaError(error, doing, { transactionalId })
    }
  }
}
