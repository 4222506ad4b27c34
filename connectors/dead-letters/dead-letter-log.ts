import type { KafkaClient } from '../kafka/client.ts'
import type { Fetcher } from '../kafka/fetcher.ts'
import { commitOffsets, committedOffsets, logRange } from '../kafka/offsets.ts'
import { readPartition } from '../kafka/partition-reader.ts'
import { type DeadLetter, parseDeadLetter } from './dead-letter.ts'

export interface DeadLetterLogOptions {
  readonly client: KafkaClient
  readonly fetcher: Fetcher
  /** Full name of `dead-letters`. */
  readonly topic: string
  /** Whose offsets say up to where letters are done with. */
  readonly group: string
}

/** A partition of `dead-letters`: the log holds records from `start` to `end`, those before `done` are settled. */
export interface OpenRange {
  readonly partition: number
  readonly start: number
  readonly done: number
  readonly end: number
}

/**
 * The dead letters that nobody has dropped yet. What is done is an offset for each partition, committed by a group of
 * its own: letters themselves stay until the topic's retention ends.
 */
export class DeadLetterLog {
  readonly #options: DeadLetterLogOptions

  constructor(options: DeadLetterLogOptions) {
    this.#options = options
  }

  /** Also commits the marks again: a group without members forgets offsets a week after their last commit. */
  async ranges(): Promise<OpenRange[]> {
    const { client, topic, group } = this.#options
    const ranges: OpenRange[] = []
    const marks = new Map<number, number>()
    for (let partition = 0; partition < client.partitionsOf(topic); partition++) {
      const { start, end } = await logRange(client, topic, partition)
      const mark = (await committedOffsets(client, group, [topic], partition)).get(topic)
      if (mark !== undefined) marks.set(partition, mark)
      ranges.push({ partition, start, done: Math.max(mark ?? start, start), end })
    }
    await this.mark(marks)
    return ranges
  }

  /** The open letters of a partition in their order, in slices as they come. */
  async *read({ partition, done, end }: OpenRange): AsyncGenerator<DeadLetter[]> {
    const { fetcher, topic } = this.#options
    for await (const { records } of readPartition(fetcher, topic, partition, { from: done, to: end })) {
      if (records.length > 0) yield records.map((record) => parseDeadLetter(partition, record))
    }
  }

  /** @param offsets by partition: letters before them are done */
  async mark(offsets: ReadonlyMap<number, number>): Promise<void> {
    const { client, topic, group } = this.#options
    await commitOffsets(client, group, topic, offsets)
  }
}
