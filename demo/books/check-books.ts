import type { Redis } from 'ioredis'
import { KafkaClient, type KafkaSettings } from '../../connectors/kafka/client.ts'
import type { SchemaSource } from '../../schemas/codec.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { partitionOf } from '../../schemas/partition.ts'
import type { RedisKeys } from '../../schemas/redis-keys.ts'
import { INPUT_TOPICS, type InputTopic, TOPICS } from '../../schemas/topics.ts'
import type { ExpectedFaults } from '../simulator/demo-faults.ts'
import type { Histories } from './chosen-histories.ts'
import { type PartitionBooks, PartitionChecker } from './partition-books.ts'
import { readServed } from './published-models.ts'
import { checkResults, type ResultBooks } from './result-books.ts'
import { ResultLogs } from './result-logs.ts'
import type { Scorecards } from './scorecard.ts'

/** Whose customers the demo's are. */
const TENANT = 'default'

export interface Books extends ResultBooks {
  /** Records in the input topics. */
  readonly inputs: Readonly<Record<InputTopic, number>>
  /** `customers` records of cause event. */
  readonly scored: number
  readonly changes: number
  readonly deadLetters: number
  readonly duplicates: number
  readonly customers: number
  readonly recomputed: number
  /** Versions that took over from another. */
  readonly swaps: number
  /** Of the same customers: records around those moments. */
  readonly recomputedAtSwaps: number
  /** One sentence each; README.md says what is compared. */
  readonly mismatches: readonly string[]
}

export interface CheckBooksOptions {
  readonly kafka: KafkaSettings
  readonly redis: Redis
  readonly keys: RedisKeys
  readonly schemas: SchemaSource
  /** What scores until a model is learned. */
  readonly priors: Scorecards
  readonly prefix: string
  readonly partitions: number
  /** Of the customers to recompute. */
  readonly histories: Histories
  /** Every event that was accepted, once. */
  readonly events: readonly InputEvent[]
  /** Events that were sent, each as often as it was. */
  readonly sent: Readonly<Record<InputTopic, number>>
  readonly faults: Pick<ExpectedFaults, 'duplicates' | 'deadLettersByReason'>
}

/** Reads everything to its end as a read_committed reader and checks it against itself, Redis, and the input files. */
export async function checkBooks(options: CheckBooksOptions): Promise<Books> {
  const { prefix, redis, keys, schemas, priors, partitions, histories } = options
  const kafka = new KafkaClient(options.kafka)
  const logs = new ResultLogs(kafka, prefix)
  try {
    await kafka.connect(Object.values(TOPICS).map(({ name }) => prefix + name))
    const results = await checkResults(logs, options, options.events)
    const served = await readServed(logs, TENANT, priors)
    const checker = new PartitionChecker({ logs, redis, keys, schemas, served })
    const byPartition = Map.groupBy(histories, ([key]) => partitionOf(Buffer.from(key), partitions))
    const all: PartitionBooks[] = []
    for (let partition = 0; partition < partitions; partition++) {
      all.push(await checker.check(partition, new Map(byPartition.get(partition))))
    }
    const swaps = served.lead.length + served.churn.length - 2
    return { ...total(all, results, options), swaps }
  } finally {
    await logs.close()
    await kafka.close()
  }
}

function total(
  all: readonly PartitionBooks[],
  results: ResultBooks,
  { sent, faults }: CheckBooksOptions,
): Omit<Books, 'swaps'> {
  const sum = (of: (books: PartitionBooks) => number): number => all.reduce((total, books) => total + of(books), 0)
  const inputs = { profiles: 0, interactions: 0, transactions: 0, surveys: 0, outcomes: 0 }
  for (const topic of INPUT_TOPICS) inputs[topic] = sum((books) => books.inputs[topic])
  const reasons = all.flatMap((books) => books.deadLetters)
  const books = {
    inputs,
    scored: sum(({ scored }) => scored),
    changes: sum(({ changes }) => changes),
    deadLetters: reasons.length,
    duplicates: sum(({ duplicates }) => duplicates),
    customers: sum(({ customers }) => customers),
    recomputed: sum(({ recomputed }) => recomputed),
    recomputedAtSwaps: sum(({ recomputedAtSwaps }) => recomputedAtSwaps),
  }
  return {
    ...results,
    ...books,
    mismatches: [
      ...results.mismatches,
      ...all.flatMap((partition) => partition.mismatches),
      ...compareSums(books, sent),
      ...compareFaults(reasons, faults.deadLettersByReason),
      ...(books.duplicates < faults.duplicates
        ? [`${books.duplicates} duplicates, ${faults.duplicates} were sent`]
        : []),
    ],
  }
}

/** A producer may repeat what it isn't sure of, so a topic may hold more than was sent; each repeat is a duplicate. */
function compareSums(
  books: Pick<Books, 'inputs' | 'scored' | 'duplicates' | 'deadLetters'>,
  sent: Readonly<Record<InputTopic, number>>,
): string[] {
  const { inputs, scored, duplicates, deadLetters } = books
  const missing = INPUT_TOPICS.filter((topic) => inputs[topic] < sent[topic])
  const records = INPUT_TOPICS.reduce((total, topic) => total + inputs[topic], 0)
  const balance = records - duplicates - deadLetters
  return [
    ...missing.map((topic) => `${topic} has ${inputs[topic]} records, ${sent[topic]} were sent`),
    ...(scored === balance ? [] : [`${scored} scored, but ${records} - ${duplicates} - ${deadLetters} = ${balance}`]),
  ]
}

function compareFaults(reasons: readonly string[], expected: Readonly<Record<string, number>>): string[] {
  const found = Map.groupBy(reasons, (reason) => reason)
  return [...new Set([...found.keys(), ...Object.keys(expected)])].flatMap((reason) => {
    const count = found.get(reason)?.length ?? 0
    const wanted = expected[reason] ?? 0
    return count === wanted ? [] : [`${count} dead letters say ${reason}, not ${wanted}`]
  })
}
