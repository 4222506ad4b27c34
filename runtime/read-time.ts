import type { TopicName } from '../schemas/topics.ts'

/** What is known of a queue of deltas. */
interface ReadQueue {
  readonly topic: TopicName
  readonly isEmpty: boolean
  readonly hasUnread: boolean
}

/** Up to when all deltas that were written have been read, epoch ms: see AggregateClock. It never goes back. */
export class ReadTime {
  readonly #newest = new Map<TopicName, number>()
  #last: number

  /** @param last what a session before had reached */
  constructor(last: number) {
    this.#last = last
  }

  get last(): number {
    return this.#last
  }

  read(topic: TopicName, writtenAt: number): void {
    this.#newest.set(topic, Math.max(writtenAt, this.#newest.get(topic) ?? 0))
  }

  /** `now` if nothing is left to read, else the time of the newest record of the topic that is the furthest behind. */
  upTo(now: number, queues: readonly ReadQueue[]): number {
    const times = queues.map(({ topic, isEmpty, hasUnread }) =>
      isEmpty && !hasUnread ? now : (this.#newest.get(topic) ?? this.#last),
    )
    this.#last = Math.max(this.#last, Math.min(...times))
    return this.#last
  }
}
