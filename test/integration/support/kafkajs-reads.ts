import { randomUUID } from 'node:crypto'
import { Kafka, logLevel } from 'kafkajs'
import { waitFor } from './wait-for.ts'

interface Asked {
  readonly brokers: string
  readonly topic: string
  readonly partition: number
  readonly readUncommitted?: boolean
}

/** The values of a partition as kafkajs's own consumer reads them, up to the end that it sees at first. */
export async function kafkajsReads({ brokers, topic, partition, readUncommitted = false }: Asked): Promise<string[]> {
  const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING })
  const consumer = kafka.consumer({ groupId: `kafkajs-${randomUUID()}`, readUncommitted, maxWaitTimeInMs: 50 })
  const values: string[] = []
  let done = false
  await consumer.connect()
  try {
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({
      eachBatch: async ({ batch }) => {
        if (batch.partition !== partition) return
        values.push(...batch.messages.map(({ value }) => String(value)))
        // The last stable offset stands behind markers, which bring no message.
        done = Number(batch.lastOffset()) + (readUncommitted ? 1 : 2) >= Number(batch.highWatermark)
      },
    })
    await waitFor(`kafkajs to read ${topic}/${partition}`, () => done)
    return values
  } finally {
    await consumer.disconnect()
  }
}
