import type { InputTopic } from '../../../schemas/topics.ts'

/** A record as a read_committed reader sees it. */
export interface LogRecord {
  readonly offset: number
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: ReadonlyMap<string, string>
}

/** What Redis shows of a partition. */
export interface RedisView {
  readonly customers: ReadonlyMap<string, Buffer>
  readonly tenants: readonly string[]
  /** `<index>/<tenantId>` -> customer id -> score. */
  readonly tops: ReadonlyMap<string, ReadonlyMap<string, number>>
  /** The offset of its position, null without one. */
  readonly offset: number | null
  /** The stream times in its position, by tenant. */
  readonly streamTimes: ReadonlyMap<string, number>
  readonly rebuilding: boolean
}

/** All that is left of a run in one partition: what the oracle judges by. */
export interface PartitionEvidence {
  readonly partition: number
  readonly partitions: number
  readonly inputs: Readonly<Record<InputTopic, readonly LogRecord[]>>
  /** Where each input topic ends: its offsets have no gaps, so that a record that wasn't read is noticed. */
  readonly inputEnds: Readonly<Record<InputTopic, number>>
  readonly customers: readonly LogRecord[]
  readonly changes: readonly LogRecord[]
  readonly deadLetters: readonly LogRecord[]
  /** Of all partitions: the topic's own are by tenant. */
  readonly populationDeltas: readonly LogRecord[]
  readonly view: RedisView
  /** By the clock on the wall all that had come by then was read, and all timers fired that were due by then, epoch ms. */
  readonly readUpTo: number
}

/** Where an input record stands; partitions are judged one by one. */
export type Origin = `${string}/${number}`

export function originOf(topic: string, offset: number): Origin {
  return `${topic}/${offset}`
}

/** By the headers `topic` and `offset`; null for a record that no input record caused. */
export function originIn({ headers }: LogRecord): Origin | null {
  const topic = headers.get('topic')
  const offset = headers.get('offset')
  return topic === undefined || offset === undefined ? null : originOf(topic, Number(offset))
}
