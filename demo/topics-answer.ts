import { setTimeout as sleep } from 'node:timers/promises'
import { KafkaClient, type KafkaSettings } from '../connectors/kafka/client.ts'
import { logRange } from '../connectors/kafka/offsets.ts'
import { AppError } from '../schemas/errors.ts'
import { TOPICS } from '../schemas/topics.ts'

const GIVE_UP_MS = 30_000
const RETRY_MS = 100

/** Resolves when every partition's leader answers: for a moment after topics are created, brokers don't know it yet. */
export async function untilTopicsAnswer(settings: KafkaSettings, prefix: string, signal: AbortSignal): Promise<void> {
  const kafka = new KafkaClient(settings)
  const topics = Object.values(TOPICS).map(({ name }) => prefix + name)
  const deadline = performance.now() + GIVE_UP_MS
  try {
    await kafka.connect(topics)
    for (const topic of topics) {
      for (let partition = 0; partition < kafka.partitionsOf(topic); ) {
        try {
          await logRange(kafka, topic, partition)
          partition++
        } catch (error) {
          if (!(error instanceof AppError && error.retryable) || performance.now() > deadline) throw error
          await sleep(RETRY_MS, undefined, { signal })
          await kafka.refreshMetadata()
        }
      }
    }
  } finally {
    await kafka.close()
  }
}
