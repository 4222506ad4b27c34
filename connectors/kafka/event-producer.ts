import { setTimeout as sleep } from 'node:timers/promises'
import { partitionOf } from '../../schemas/partition.ts'
import type { KafkaClient } from './client.ts'
import { asKafkaError } from './kafka-error.ts'
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

/**
 * Writes events, acks=all, one request at a time for each broker, in the order given within a partition. At least once:
 * a batch whose answer was lost is sent again; the customer task drops what it has seen (by event id).
 */
export class EventProducer {
  readonly #client: KafkaClient
  readonly #options: Required<EventProducerOptions>
  readonly #builders = new Map<string, RecordBatchBuilder>()
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
    const filled = new Map<string, { topic: string; partition: number; builder: RecordBatchBuilder }>()
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

  async #flush(targets: readonly { topic: string; partition: number; builder: RecordBatchBuilder }[]): Promise<void> {
    let left = [...targets]
    const deadline = performance.now() + this.#options.giveUpMs
    while (left.length > 0) {
      const failed: typeof left = []
      let failure: unknown
      const byLeader = Map.groupBy(left, ({ topic, partition }) => this.#client.leaderOf(topic, partition))
      await Promise.all(
        [...byLeader].map(async ([nodeId, mine]) => {
          try {
            const broker = await this.#client.broker(nodeId)
            const batches = mine.map(({ topic, partition, builder }) => ({ topic, partition, batch: builder.finish() }))
            const answer = await sendRaw(broker, produceCall(null, batches, this.#options.requestTimeoutMs))
            const refused = refusedBatches(answer)
            for (const each of mine) {
              const error = refused.get(`${each.topic}/${each.partition}`)
              if (error === undefined) continue
              failure = error
              failed.push(each)
            }
          } catch (error) {
            failure = error
            failed.push(...mine)
            // The socket may still be sending from them: they are sent again, but never filled again.
            for (const { topic, partition } of mine) this.#builders.delete(`${topic}/${partition}`)
          }
        }),
      )
      if (failed.length === 0) return
      const error = asKafkaError(failure, 'producing events')
      if (!error.retryable || performance.now() > deadline) throw error
      await sleep(RETRY_MS)
      await this.#client.refreshMetadata().catch((refused: unknown) => {
        // Still unreachable: the next round finds out, until the deadline.
        failure = refused
      })
      left = failed
    }
  }
}
