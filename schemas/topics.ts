import { basketDeltaSchema } from './avro/basket-delta.ts'
import { crossSellSchema } from './avro/cross-sell.ts'
import { customerSchema } from './avro/customer.ts'
import { interactionSchema } from './avro/interaction.ts'
import { npsSchema } from './avro/nps.ts'
import { npsDeltaSchema } from './avro/nps-delta.ts'
import { outcomeSchema } from './avro/outcome.ts'
import { populationDeltaSchema } from './avro/population-delta.ts'
import { profileSchema } from './avro/profile.ts'
import { scoreChangeSchema } from './avro/score-change.ts'
import { scoreSampleSchema } from './avro/score-sample.ts'
import { surveySchema } from './avro/survey.ts'
import { trainingExampleSchema } from './avro/training-example.ts'
import { transactionSchema } from './avro/transaction.ts'
import type { AvroSchema } from './avro.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const MIB = 1024 * 1024

/** How long a tombstone of `customers` stays readable; a copy older than half of it can't be caught up from the log. */
export const DELETE_RETENTION_MS = 7 * DAY_MS

export interface TopicSpec {
  readonly name: string
  readonly role: 'input' | 'result' | 'broadcast' | 'errors' | 'internal'
  /** `data`: as many partitions as configured, the same for all of them; a number: exactly so many. */
  readonly partitions: 'data' | number
  /** The schema of the values under the subject `<topic>-value`; null: JSON or foreign bytes, not registered. */
  readonly schema: AvroSchema | null
  /** Kafka's own topic settings. */
  readonly config: Readonly<Record<string, string>>
  readonly doc: string
}

/**
 * A broker maps the two index files of a log's newest segment at their full size, 10 MiB by default, and some file systems fill
 * all of that with zeros when the first entry is written: a millisecond or more for each. 1 MiB indexes 350 MiB of log and more.
 */
const smallIndexes = { 'segment.index.bytes': String(MIB) }

/** Kept for a time, whatever the key. */
const keptFor = (ms: number, maxMessageBytes: number) => ({
  ...smallIndexes,
  'cleanup.policy': 'delete',
  'retention.ms': String(ms),
  'max.message.bytes': String(maxMessageBytes),
})

/** Of each key the newest is kept. */
const newestOfKey = (maxMessageBytes: number) => ({
  ...smallIndexes,
  'cleanup.policy': 'compact',
  'max.message.bytes': String(maxMessageBytes),
})

const input = (name: string, schema: AvroSchema, doc: string): TopicSpec => ({
  name,
  role: 'input',
  partitions: 'data',
  schema,
  // The broker's time: producers may send events of years ago, which retention by their own time would remove at once.
  config: {
    ...keptFor(30 * DAY_MS, MIB),
    'message.timestamp.type': 'LogAppendTime',
  },
  doc,
})

const compacted = {
  ...smallIndexes,
  'cleanup.policy': 'compact',
  'min.compaction.lag.ms': String(HOUR_MS),
  'max.compaction.lag.ms': String(6 * HOUR_MS),
  'delete.retention.ms': String(DELETE_RETENTION_MS),
}

/** From the customer tasks to the aggregate task, which has one partition of each for all that a result needs. */
const deltas = (name: string, schema: AvroSchema | null, doc: string): TopicSpec => ({
  name,
  role: 'internal',
  partitions: 'data',
  schema,
  config: keptFor(30 * DAY_MS, 8 * MIB),
  doc,
})

/** Every topic everscore reads or writes; names as outside programs know them, without TOPIC_PREFIX. */
export const TOPICS = {
  interactions: input(
    'interactions',
    interactionSchema,
    'What people do: views, searches, mails opened, calls, logins.',
  ),
  transactions: input('transactions', transactionSchema, 'Purchases, refunds, failed payments, subscriptions.'),
  surveys: input('surveys', surveySchema, 'Answers to NPS, CSAT and CES surveys.'),
  profiles: input('profiles', profileSchema, 'Traits of a customer; a null value erases the customer.'),
  outcomes: input('outcomes', outcomeSchema, 'What became of a lead or customer: labels to learn from.'),
  customers: {
    name: 'customers',
    role: 'result',
    partitions: 'data',
    schema: customerSchema,
    config: { ...compacted, 'max.message.bytes': String(8 * MIB) },
    doc: 'Features and scores of a customer, one record an event; also the changelog of the customer task.',
  },
  'score-changes': {
    name: 'score-changes',
    role: 'result',
    partitions: 'data',
    schema: scoreChangeSchema,
    config: keptFor(30 * DAY_MS, 8 * MIB),
    doc: 'A grade, band, segment or tier moved, with reasons and cause.',
  },
  nps: {
    name: 'nps',
    role: 'result',
    partitions: 'data',
    schema: npsSchema,
    config: { ...compacted, 'max.message.bytes': String(8 * MIB) },
    doc: 'NPS of a tenant and of groups of his customers, in windows of event time and since ever. Null: no longer kept.',
  },
  'cross-sell': {
    name: 'cross-sell',
    role: 'result',
    partitions: 'data',
    schema: crossSellSchema,
    config: { ...compacted, 'max.message.bytes': String(8 * MIB) },
    doc: 'Items and categories that are bought together, in windows of event time and since ever. Null: no longer kept.',
  },
  'training-examples': {
    name: 'training-examples',
    role: 'result',
    partitions: 'data',
    schema: trainingExampleSchema,
    // A model learns from what is older than a season; the broker keeps what the newest models could be made of again.
    config: keptFor(730 * DAY_MS, 8 * MIB),
    doc: 'Customers as they were when something became of them, and what: examples to learn from.',
  },
  'score-samples': {
    name: 'score-samples',
    role: 'result',
    partitions: 'data',
    schema: scoreSampleSchema,
    config: keptFor(7 * DAY_MS, 8 * MIB),
    doc: 'What models saw and said at one of so many events, and what their shadows said: what drift is measured by.',
  },
  'churn-snapshots': {
    name: 'churn-snapshots',
    role: 'internal',
    partitions: 'data',
    schema: trainingExampleSchema,
    config: { ...compacted, 'max.message.bytes': String(8 * MIB) },
    doc: 'Customers as they were at a moment, until the horizon ends that labels them (key <tenantId>/<customerId>@<end>).',
  },
  'dead-letters': {
    name: 'dead-letters',
    role: 'errors',
    partitions: 'data',
    schema: null,
    config: keptFor(30 * DAY_MS, 8 * MIB),
    doc: "Records that can't be processed: their own bytes; reason and origin in headers.",
  },
  settings: {
    name: 'settings',
    role: 'broadcast',
    partitions: 1,
    schema: null,
    config: newestOfKey(MIB),
    doc: 'Settings of each tenant (JSON, key <tenantId>).',
  },
  models: {
    name: 'models',
    role: 'broadcast',
    partitions: 1,
    schema: null,
    config: newestOfKey(4 * MIB),
    doc: 'Which models score (JSON, key <tenantId>/<kind>), people’s pins (…/pin) and every version (…/<version>); CLV models (<tenantId>/clv).',
  },
  'model-watch': {
    name: 'model-watch',
    role: 'broadcast',
    partitions: 1,
    schema: null,
    config: newestOfKey(MIB),
    doc: 'What is seen of the models in use: drift, calibration, latency, shadows, alerts (JSON, key <tenantId>/<kind>).',
  },
  alerts: {
    name: 'alerts',
    role: 'broadcast',
    partitions: 1,
    schema: null,
    config: keptFor(30 * DAY_MS, MIB),
    doc: 'An alert of a model in use was raised or cleared (JSON, key <tenantId>/<kind>/<name>).',
  },
  'training-requests': {
    name: 'training-requests',
    role: 'broadcast',
    partitions: 1,
    schema: null,
    config: newestOfKey(MIB),
    doc: 'Trainings that were asked for or are under way, and their ends (JSON, key <tenantId>/<kind>).',
  },
  thresholds: {
    name: 'thresholds',
    role: 'broadcast',
    partitions: 1,
    schema: null,
    config: newestOfKey(MIB),
    doc: "Quantiles of each tenant's population (JSON, key <tenantId>).",
  },
  'nps-deltas': deltas('nps-deltas', npsDeltaSchema, 'What customer tasks add to NPS windows.'),
  'basket-deltas': deltas('basket-deltas', basketDeltaSchema, 'Orders that customer tasks add or take back.'),
  'population-deltas': deltas(
    'population-deltas',
    populationDeltaSchema,
    "What customer tasks add to their tenants' populations.",
  ),
  'aggregate-state': {
    name: 'aggregate-state',
    role: 'internal',
    partitions: 'data',
    schema: null,
    config: { ...compacted, 'max.message.bytes': String(8 * MIB) },
    doc: "The aggregate task's own state, one entry a key: its changelog.",
  },
} as const satisfies Record<string, TopicSpec>

export type TopicName = keyof typeof TOPICS

/** The input topics of the customer task, in the order in which events of one instant are taken. */
export const INPUT_TOPICS = ['profiles', 'interactions', 'transactions', 'surveys', 'outcomes'] as const
export type InputTopic = (typeof INPUT_TOPICS)[number]

/** The input topics of the aggregate task. */
export const DELTA_TOPICS = ['nps-deltas', 'basket-deltas', 'population-deltas'] as const
export type DeltaTopic = (typeof DELTA_TOPICS)[number]
