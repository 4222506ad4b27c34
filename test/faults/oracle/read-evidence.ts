import type { Redis } from 'ioredis'
import type { KafkaClient } from '../../../connectors/kafka/client.ts'
import { logRange } from '../../../connectors/kafka/offsets.ts'
import { ResultLogs } from '../../../demo/books/result-logs.ts'
import { type RedisKeys, STREAM_TIME_FIELD, TOP_INDEXES } from '../../../schemas/redis-keys.ts'
import { INPUT_TOPICS, type InputTopic, TOPICS, type TopicName } from '../../../schemas/topics.ts'
import type { LogRecord, PartitionEvidence, RedisView } from './evidence.ts'
import type { PlacedRecord, ResultEvidence } from './judge-results.ts'

export interface EvidenceSource {
  /** Connected to all topics. */
  readonly kafka: KafkaClient
  readonly redis: Redis
  readonly keys: RedisKeys
  readonly prefix: string
  readonly partitions: number
  /** As in PartitionEvidence. */
  readonly readUpTo: number
}

/** Reads a run that has ended, as a read_committed reader. */
export class EvidenceReader {
  readonly #source: EvidenceSource
  readonly #logs: ResultLogs
  #populationDeltas: readonly LogRecord[] | null = null

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
    const { kafka, prefix, partitions, readUpTo } = this.#source
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
      readUpTo,
    }
  }

  async readResults(): Promise<ResultEvidence> {
    return {
      nps: await this.#readPartitions('nps'),
      crossSell: await this.#readPartitions('cross-sell'),
      aggregateState: await this.#readPartitions('aggregate-state'),
      thresholds: await this.#readPartitions('thresholds'),
      populationDeltas: await this.#readPopulationDeltas(),
      view: await this.#readResultView(),
    }
  }

  async close(): Promise<void> {
    await this.#logs.close()
  }

  async #readPopulationDeltas(): Promise<readonly LogRecord[]> {
    this.#populationDeltas ??= await this.#readPartitions('population-deltas')
    return this.#populationDeltas
  }

  async #readPartitions(topic: TopicName): Promise<PlacedRecord[]> {
    const all: PlacedRecord[] = []
    const partitions = TOPICS[topic].partitions === 1 ? 1 : this.#source.partitions
    for (let partition = 0; partition < partitions; partition++) {
      for (const record of await this.readTopic(topic, partition)) all.push({ ...record, partition })
    }
    return all
  }

  async #readResultView(): Promise<Map<string, Buffer>> {
    const { redis, keys, partitions } = this.#source
    const view = new Map<string, Buffer>()
    for (let partition = 0; partition < partitions; partition++) {
      const start = keys.results(partition, '', '').slice(0, -1)
      for (const name of await redis.smembers(keys.resultKeys(partition))) {
        if (!name.startsWith(start)) continue
        for (const [id, value] of Object.entries(await redis.hgetallBuffer(name))) {
          view.set(`${name.slice(start.length)}/${id}`, value)
        }
      }
    }
    return view
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
