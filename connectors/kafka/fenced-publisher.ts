import { RecordBatches } from './record-batches.ts'
import type { TransactionalProducer } from './transactional-producer.ts'

const NO_HEADERS = Buffer.alloc(0)

export interface PublishedRecord {
  readonly topic: string
  readonly partition: number
  readonly key: Buffer
  readonly value: Buffer | null
}

/**
 * Writes records of one author, each call in a transaction of its own: all of them are seen, or none. Who opens the same
 * transactional id later fences this one, of which nothing is seen from then on. After a failure every call fails: what
 * became of the transaction isn't known, so the author has to begin anew from what the topics hold.
 */
export class FencedPublisher {
  readonly #producer: TransactionalProducer
  readonly #now: () => number
  #last: Promise<void> = Promise.resolve()

  /** @param producer open */
  constructor(producer: TransactionalProducer, now: () => number) {
    this.#producer = producer
    this.#now = now
  }

  /** Calls wait for one another. @throws AppError PRODUCER_FENCED, KAFKA_UNAVAILABLE, KAFKA_REFUSED */
  send(records: readonly PublishedRecord[]): Promise<void> {
    const sent = this.#last.then(() => this.#send(records))
    this.#last = sent
    sent.catch(() => {
      // Its own caller is told, and every later one.
    })
    return sent
  }

  async #send(records: readonly PublishedRecord[]): Promise<void> {
    const timestamp = this.#now()
    const outputs = [...Map.groupBy(records, ({ topic, partition }) => `${topic}/${partition}`).values()].map((own) => {
      const batches = new RecordBatches()
      for (const { key, value } of own) batches.next.add(timestamp, key, value, NO_HEADERS, 0)
      return { topic: own[0]!.topic, partition: own[0]!.partition, batches: batches.batches }
    })
    if (outputs.length > 0) await this.#producer.commit({ outputs, group: null, offsets: [] })
  }
}
