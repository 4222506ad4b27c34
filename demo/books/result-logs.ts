import type { KafkaClient } from '../../connectors/kafka/client.ts'
import type { ConsumedRecord } from '../../connectors/kafka/consumed-record.ts'
import { Fetcher } from '../../connectors/kafka/fetcher.ts'
import { logRange } from '../../connectors/kafka/offsets.ts'
import { readPartition } from '../../connectors/kafka/partition-reader.ts'

/** All that a read_committed reader finds in a partition, from its beginning to its present end. */
export class ResultLogs {
  readonly #kafka: KafkaClient
  readonly #fetcher: Fetcher
  readonly #prefix: string

  constructor(kafka: KafkaClient, prefix: string) {
    this.#kafka = kafka
    this.#fetcher = new Fetcher(kafka, { partitionBytes: 8 * 1024 * 1024 })
    this.#prefix = prefix
  }

  async read(topic: string, partition: number): Promise<ConsumedRecord[]> {
    const name = this.#prefix + topic
    const { start, end } = await logRange(this.#kafka, name, partition)
    const all: ConsumedRecord[] = []
    for await (const { records } of readPartition(this.#fetcher, name, partition, { from: start, to: end })) {
      for (const record of records) all.push(record)
    }
    return all
  }

  async close(): Promise<void> {
    await this.#fetcher.close()
  }
}
