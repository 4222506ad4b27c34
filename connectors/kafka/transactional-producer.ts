import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../../schemas/errors.ts'
import { stepDone } from '../../schemas/steps.ts'
import { chooseDialect } from './choose-dialect.ts'
import type { KafkaClient } from './client.ts'
import type { CompressionType } from './compression.ts'
import type { Broker } from './internals.ts'
import { asKafkaError, kafkaErrorType } from './kafka-error.ts'
import { baseOffsets } from './produce-codec.ts'
import { sendRaw } from './raw-call.ts'
import type { RecordBatchBuilder } from './record-batch-builder.ts'
import {
  addingFirst,
  asKafkajs,
  type OffsetToCommit,
  type ProducerIdentity,
  type TransactionDialect,
} from './transaction-dialect.ts'

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
  /** At least one, in their order. */
  readonly batches: readonly RecordBatchBuilder[]
}

export interface Transaction {
  readonly outputs: readonly TransactionOutput[]
  /** null: no offsets are committed. */
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

  /** @returns the offset after the last record of each output, by `topic/partition` */
  async commit(transaction: Transaction): Promise<Map<string, number>> {
    if (!this.#usable) throw new AppError('INTERNAL', 'a producer is used after a failed transaction')
    this.#usable = false
    stepDone('batch-processed')
    const { outputs, group, offsets } = transaction
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
    const { client } = this.#options
    const byLeader = Map.groupBy(outputs, ({ topic, partition }) => client.leaderOf(topic, partition))
    const answers = await allSettledOrThrow([...byLeader].map(([nodeId, mine]) => this.#produceTo(nodeId, mine)))
    stepDone('records-sent')
    return new Map(answers.flatMap((answer) => [...answer]))
  }

  /** A request takes one batch of each partition: the later ones follow on the same connection, in their order. */
  async #produceTo(nodeId: number, outputs: readonly TransactionOutput[]): Promise<Map<string, number>> {
    const { client, requestTimeoutMs } = this.#options
    const requests = Math.max(...outputs.map(({ batches }) => batches.length))
    const ends = new Map<string, number>()
    try {
      const broker = await client.broker(nodeId)
      await allSettledOrThrow(
        Array.from({ length: requests }, async (_, i) => {
          const targets = outputs
            .filter(({ batches }) => i < batches.length)
            .map(({ topic, partition, batches }) => ({
              topic,
              partition,
              batch: this.#stamped(topic, partition, batches[i]!),
            }))
          const call = this.#dialect.produce(this.#identity, targets, requestTimeoutMs)
          const bases = baseOffsets(await sendRaw(broker, call))
          for (const { topic, partition, batches } of outputs) {
            const base = bases.get(`${topic}/${partition}`)
            if (base !== undefined && i === batches.length - 1) {
              ends.set(`${topic}/${partition}`, base + batches[i]!.count)
            }
          }
        }),
      )
    } catch (error) {
      throw asKafkaError(error, 'producing', { topics: outputs.map(({ topic }) => topic) })
    }
    return ends
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
