import type { Redis } from 'ioredis'
import type { KafkaClient } from '../../../connectors/kafka/client.ts'
import { logRange } from '../../../connectors/kafka/offsets.ts'
import { ResultLogs } from '../../../demo/books/result-logs.ts'
import { type RedisKeys, STREAM_TIME_FIELD, TOP_INDEXES } from '../../../schemas/redis-keys.ts'
import { INPUT_TOPICS, type InputTopic } from '../../../schemas/topics.ts'
import type { LogRecord, PartitionEvidence, RedisView } from './evidence.ts'

export interface EvidenceSource {
  /** Connected to all topics. */
  readonly kafka: KafkaClient
  readonly redis: Redis
  readonly keys: RedisKeys
  readonly prefix: string
  readonly partitions: number
}

/** Reads a run that has ended, as a read_committed reader. */
export class EvidenceReader {
  readonly #source: EvidenceSource
  readonly #logs: ResultLogs
  #populationDeltas: LogRecord[] | null = null

  constructor(source: EvidenceSource) {
    this.#source = source
    this.#logs = new ResultLogs(source.kafka, source.prefix)
  }

  async readTopic(topic: string, partition: number): Promise<LogRecord[]> {
    return (await this.#logs.read(topic, partition)).map((record) => ({
      offset: record.offset,
      timestamp: record.timestamp,
      key: record.key,
      value: record.value,
      headers: new Map([...record.headers()].map(([name, bytes]) => [name, bytes.toString()])),
    }))
  }

  async readPartition(partition: number): Promise<PartitionEvidence> {
    const { kafka, prefix, partitions } = this.#source
    const inputs = {} as Record<InputTopic, LogRecord[]>
    const inputEnds = {} as Record<InputTopic, number>
    for (const topic of INPUT_TOPICS) {
      inputs[topic] = await this.readTopic(topic, partition)
      inputEnds[topic] = (await logRange(kafka, prefix + topic, partition)).end
    }
    return {
      partition,
      partitions,
      inputs,
      inputEnds,
      customers: await this.readTopic('customers', partition),
      changes: await this.readTopic('score-changes', partition),
      deadLetters: await this.readTopic('dead-letters', partition),
      populationDeltas: await this.#readPopulationDeltas(),
      view: await this.#readView(partition),
    }
  }

  async close(): Promise<void> {
    await this.#logs.close()
  }

  async #readPopulationDeltas(): Promise<readonly LogRecord[]> {
    if (this.#populationDeltas !== null) return this.#populationDeltas
    const all: LogRecord[] = []
    for (let partition = 0; partition < this.#source.partitions; partition++) {
      all.push(...(await this.readTopic('population-deltas', partition)))
    }
    this.#populationDeltas = all
    return all
  }

  async #readView(partition: number): Promise<RedisView> {
    const { redis, keys } = this.#source
    const { offset, ...position } = await redis.hgetall(keys.position(partition))
    const streamTimes = Object.entries(position).filter(([field]) => field.startsWith(STREAM_TIME_FIELD))
    const tops = new Map<string, Map<string, number>>()
    for (const index of TOP_INDEXES) {
      const start = keys.top(partition, '', index)
      for (const name of await redis.keys(`${start}*`)) {
        const stored = await redis.zrangebyscore(name, '-inf', '+inf', 'WITHSCORES')
        const scores = new Map<string, number>()
        for (let i = 0; i < stored.length; i += 2) scores.set(stored[i]!, Number(stored[i + 1]))
        tops.set(`${index}/${name.slice(start.length)}`, scores)
      }
    }
    return {
      customers: new Map(Object.entries(await redis.hgetallBuffer(keys.customers(partition)))),
      tenants: await redis.smembers(keys.tenants(partition)),
      tops,
      offset: offset === undefined ? null : Number(offset),
      streamTimes: new Map(streamTimes.map(([field, at]) => [field.slice(STREAM_TIME_FIELD.length), Number(at)])),
      rebuilding: (await redis.exists(keys.rebuilding(partition))) === 1,
    }
  }
}
