import { setTimeout as sleep } from 'node:timers/promises'
import { partitionOf } from '../../schemas/partition.ts'
import type { KafkaClient } from './client.ts'
import type { Broker } from './internals.ts'
import { asKafkaError, kafkaErrorType } from './kafka-error.ts'
import { produceCall, refusedBatches } from './produce-codec.ts'
import { sendRaw } from './raw-call.ts'
import { encodeHeader, RecordBatchBuilder } from './record-batch-builder.ts'

const NO_HEADERS = new Uint8Array(0)
const RETRY_MS = 200

export interface ProducedRecord {
  readonly topic: string
  readonly key: Buffer
  readonly value: Buffer | null
  readonly timestamp: number
  readonly headers?: Readonly<Record<string, string>>
  /** Instead of the partition of the key; tests use it for records in the wrong place. */
  readonly partition?: number
}

export interface EventProducerOptions {
  /** Largest record batch; the input topics take 1 MiB. */
  readonly maxBatchBytes?: number
  /** Gives up after so long without an answer. */
  readonly giveUpMs?: number
  readonly requestTimeoutMs?: number
}

interface Target {
  readonly topic: string
  readonly partition: number
  readonly builder: RecordBatchBuilder
}

const HAS_IT_ALREADY = 'DUPLICATE_SEQUENCE_NUMBER'
const LOST_SEQUENCE = new Set(['OUT_OF_ORDER_SEQUENCE_NUMBER', 'UNKNOWN_PRODUCER_ID', 'INVALID_PRODUCER_EPOCH'])

/**
 * Writes events, acks=all, one request at a time for each broker, in the order given within a partition. Idempotent: a
 * batch whose answer was lost is sent again, and the broker keeps it once. Only a caller that sends again what was given
 * up, or a new process that does, can double an event; the customer task drops what it has seen (by event id).
 */
export class EventProducer {
  readonly #client: KafkaClient
  readonly #options: Required<EventProducerOptions>
  readonly #builders = new Map<string, RecordBatchBuilder>()
  readonly #sequences = new Map<string, number>()
  #identity: ReturnType<Broker['initProducerId']> | null = null
  #last: Promise<void> = Promise.resolve()

  constructor(client: KafkaClient, options: EventProducerOptions = {}) {
    this.#client = client
    this.#options = { maxBatchBytes: 900_000, giveUpMs: 60_000, requestTimeoutMs: 15_000, ...options }
  }

  /** Resolves when every record is durable. Calls wait for one another: they share the buffers that are being sent. */
  send(records: readonly ProducedRecord[]): Promise<void> {
    const sent = this.#last.then(() => this.#send(records))
    this.#last = sent.catch(() => {
      // Its own caller is told; the next call begins anew.
    })
    return sent
  }

  async #send(records: readonly ProducedRecord[]): Promise<void> {
    const filled = new Map<string, Target>()
    for (const { topic, key, value, timestamp, headers, partition } of records) {
      const at = partition ?? partitionOf(key, this.#client.partitionsOf(topic))
      const name = `${topic}/${at}`
      let target = filled.get(name)
      if (target && target.builder.bytes + (value?.length ?? 0) + key.length + 64 > this.#options.maxBatchBytes) {
        await this.#flush([...filled.values()])
        filled.clear()
        target = undefined
      }
      if (!target) {
        const builder = this.#builders.get(name) ?? new RecordBatchBuilder()
        this.#builders.set(name, builder)
        builder.reset()
        target = { topic, partition: at, builder }
        filled.set(name, target)
      }
      const encoded =
        headers === undefined ? [] : Object.entries(headers).map(([name, text]) => encodeHeader(name, text))
      target.builder.add(
        timestamp,
        key,
        value,
        encoded.length === 0 ? NO_HEADERS : Buffer.concat(encoded),
        encoded.length,
      )
    }
    await this.#flush([...filled.values()])
  }

  async #flush(targets: readonly Target[]): Promise<void> {
    let left = [...targets]
    const deadline = performance.now() + this.#options.giveUpMs
    while (left.length > 0) {
      const failed: Target[] = []
      let failure: unknown
      const byLeader = Map.groupBy(left, ({ topic, partition }) => this.#client.leaderOf(topic, partition))
      await Promise.all(
        [...byLeader].map(async ([nodeId, mine]) => {
          try {
            for (const { target, error } of await this.#sendTo(nodeId, mine)) {
              failure = error
              failed.push(target)
            }
          } catch (error) {
            failure = error
            failed.push(...mine)
          }
        }),
      )
      if (failed.length === 0) return
      // The socket may still be sending from them: they are sent again, but never filled again.
      for (const { topic, partition } of failed) this.#builders.delete(`${topic}/${partition}`)
      if (LOST_SEQUENCE.has(kafkaErrorType(failure))) this.#forget()
      const error = asKafkaError(failure, 'producing events')
      const lasting = !error.retryable && !LOST_SEQUENCE.has(kafkaErrorType(failure))
      if (lasting || performance.now() > deadline) {
        this.#forget()
        throw error
      }
      await sleep(RETRY_MS)
      await this.#client.refreshMetadata().catch((refused: unknown) => {
        // Still unreachable: the next round finds out, until the deadline.
        failure = refused
      })
      left = failed
    }
  }

  /** @returns those that the broker refused */
  async #sendTo(nodeId: number, targets: readonly Target[]): Promise<{ target: Target; error: unknown }[]> {
    const broker = await this.#client.broker(nodeId)
    this.#identity ??= broker.initProducerId({ transactionalId: null, transactionTimeout: 0 })
    const { producerId, producerEpoch } = await this.#identity.catch((error: unknown) => {
      this.#identity = null
      throw error
    })
    const batches = targets.map(({ topic, partition, builder }) => ({
      topic,
      partition,
      batch: builder.finish({
        producerId: BigInt(producerId),
        producerEpoch,
        baseSequence: this.#sequences.get(`${topic}/${partition}`) ?? 0,
        transactional: false,
      }),
    }))
    const refused = refusedBatches(await sendRaw(broker, produceCall(null, batches, this.#options.requestTimeoutMs)))
    const failed: { target: Target; error: unknown }[] = []
    for (const target of targets) {
      const name = `${target.topic}/${target.partition}`
      const error = refused.get(name)
      if (error === undefined || kafkaErrorType(error) === HAS_IT_ALREADY) {
        this.#sequences.set(name, ((this.#sequences.get(name) ?? 0) + target.builder.count) % 2 ** 31)
      } else failed.push({ target, error })
    }
    return failed
  }

  /** What became of a batch isn't known: a new producer id begins new sequences. */
  #forget(): void {
    this.#identity = null
    this.#sequences.clear()
  }
}
