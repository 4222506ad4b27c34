import { KafkaClient } from '../connectors/kafka/client.ts'
import type { ConsumedRecord } from '../connectors/kafka/consumed-record.ts'
import { Fetcher } from '../connectors/kafka/fetcher.ts'
import { logRange } from '../connectors/kafka/offsets.ts'
import { WIRE_HEADER_BYTES } from '../schemas/codec.ts'
import { VarintReader } from '../schemas/varint.ts'

/**
 * Follows `customers` as a read_committed reader and hands over each record with the number of its event.
 * @param onTimer for each record that a timer gave
 */
export async function followResults(
  brokers: readonly string[],
  topic: string,
  from: 'start' | 'end',
  onRecord: (event: number, partition: number, record: ConsumedRecord) => void,
  onTimer: () => void = () => {},
): Promise<() => Promise<void>> {
  const client = new KafkaClient({ brokers, clientId: 'bench-reader' })
  await client.connect([topic])
  const fetcher = new Fetcher(client, { maxWaitMs: 20, partitionBytes: 4 * 1024 * 1024 })
  for (let partition = 0; partition < client.partitionsOf(topic); partition++) {
    const range = await logRange(client, topic, partition)
    fetcher.subscribe(topic, partition, from === 'start' ? range.start : range.end, {
      wantsMore: () => true,
      push: (records) => {
        for (const record of records) {
          if (!record.value) continue
          const event = eventNumber(record.value)
          if (Number.isNaN(event)) onTimer()
          else onRecord(event, partition, record)
        }
      },
      failed: (error) => {
        throw error
      },
    })
  }
  return async () => {
    await fetcher.close()
    await client.close()
  }
}

/** `e000000000042` -> 42, NaN for a timer's id; read without decoding the rest: the third field of the record. */
function eventNumber(value: Buffer): number {
  const reader = new VarintReader(value, WIRE_HEADER_BYTES)
  for (let field = 0; field < 2; field++) {
    const length = reader.next()
    reader.at += length
  }
  const length = reader.next()
  return Number(value.toString('latin1', reader.at + 1, reader.at + length))
}
