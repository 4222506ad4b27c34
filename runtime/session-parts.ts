import type { Fetcher } from '../connectors/kafka/fetcher.ts'
import type { TransactionalProducer } from '../connectors/kafka/transactional-producer.ts'
import type { BasketDelta } from '../schemas/avro/basket-delta.ts'
import type { NpsDelta } from '../schemas/avro/nps-delta.ts'
import type { PopulationDelta } from '../schemas/avro/population-delta.ts'
import type { ScoreChange } from '../schemas/avro/score-change.ts'
import type { ScoreSample } from '../schemas/avro/score-sample.ts'
import type { TrainingExample } from '../schemas/avro/training-example.ts'
import type { AvroCodec } from '../schemas/codec.ts'
import type { InputEvent } from '../schemas/events.ts'
import type { InputTopic } from '../schemas/topics.ts'
import type { Scoring } from '../topology/scoring.ts'
import { BatchOutputs } from './batch-outputs.ts'
import { BatchProcessor } from './batch-processor.ts'
import type { Broadcast } from './broadcast-port.ts'
import { ChurnSnapshots } from './churn-snapshots.ts'
import { CustomerCache } from './customer-cache.ts'
import type { ErrorRate } from './error-rate.ts'
import { PopulationDeltas } from './population-deltas.ts'
import { PopulationSweep } from './population-sweep.ts'
import type { RefreshRate } from './refresh-rate.ts'
import { StreamTimes } from './stream-time.ts'
import type { TakeoverPorts } from './takeover.ts'
import type { WorkerCounters } from './task-counters.ts'
import type { TakeLimits } from './task-inputs.ts'
import { TaskTimers } from './task-timers.ts'
import { TaskView, type TaskViewOptions } from './task-view.ts'
import { WindowDeltas } from './window-deltas.ts'

export interface TaskSettings extends TakeLimits {
  /** Fetched records that wait, for each input topic, bytes. */
  readonly queueBytes: number
  readonly mergeWaitMs: number
  /** Least time from one transaction to the next, unless one was full. */
  readonly intervalMs: number
  /** Customers kept in memory; up to twice as many. */
  readonly cacheCustomers: number
}

export interface TaskPorts extends TakeoverPorts {
  readonly inputFetcher: Fetcher
  readonly changeCodec: AvroCodec<ScoreChange>
  readonly exampleCodec: AvroCodec<TrainingExample>
  readonly sampleCodec: AvroCodec<ScoreSample>
  readonly snapshotCodec: AvroCodec<TrainingExample>
  readonly populationDeltaCodec: AvroCodec<PopulationDelta>
  readonly npsDeltaCodec: AvroCodec<NpsDelta>
  readonly basketDeltaCodec: AvroCodec<BasketDelta>
  readonly inputCodecs: Readonly<Record<InputTopic, AvroCodec<InputEvent['event']>>>
  readonly newProducer: (partition: number) => TransactionalProducer
  readonly partitions: number
  readonly scoring: Scoring
  readonly broadcast: Broadcast
  readonly counters: WorkerCounters
  /** Of the worker. */
  readonly refreshRate: RefreshRate
  readonly onRestored: (partition: number) => Promise<void>
}

export interface SessionPartsOptions extends Pick<TaskViewOptions, 'partition' | 'signal' | 'onFailure'> {
  readonly ports: TaskPorts
  readonly settings: TaskSettings
  readonly errors: ErrorRate
}

/** What a session works with; all of it lives as long as the session. */
export interface SessionParts {
  readonly cache: CustomerCache
  readonly streamTimes: StreamTimes
  readonly view: TaskView
  readonly timers: TaskTimers
  readonly sweep: PopulationSweep
  readonly outputs: BatchOutputs
  readonly snapshots: ChurnSnapshots
  readonly windowDeltas: WindowDeltas
  readonly populationDeltas: PopulationDeltas
  readonly processor: BatchProcessor
}

export function createSessionParts({ ports, settings, errors, ...options }: SessionPartsOptions): SessionParts {
  const { partition } = options
  const { topicName, partitions, broadcast, now } = ports
  const cache = new CustomerCache(settings.cacheCustomers)
  const streamTimes = new StreamTimes()
  const view = new TaskView({ ...options, store: ports.store, streamTimes, clusterId: () => ports.kafka.clusterId() })
  const outputs = new BatchOutputs(
    {
      customers: topicName('customers'),
      scoreChanges: topicName('score-changes'),
      deadLetters: topicName('dead-letters'),
      examples: topicName('training-examples'),
      samples: topicName('score-samples'),
      snapshots: topicName('churn-snapshots'),
    },
    partition,
  )
  const snapshots = new ChurnSnapshots(ports.snapshotCodec)
  const windowDeltas = new WindowDeltas({
    topics: { nps: topicName('nps-deltas'), baskets: topicName('basket-deltas') },
    partition,
    partitions,
    npsCodec: ports.npsDeltaCodec,
    basketCodec: ports.basketDeltaCodec,
    streamTimes,
  })
  return {
    cache,
    streamTimes,
    view,
    outputs,
    snapshots,
    windowDeltas,
    timers: new TaskTimers({
      streamTimes,
      settings: (tenantId) => broadcast.settings(tenantId),
      now,
      read: (before, limit) => view.dueTimers(before, limit),
      onFailure: options.onFailure,
    }),
    sweep: new PopulationSweep({
      tenants: () => streamTimes.all.keys(),
      versionOf: (tenantId) => versionsInForce(broadcast, tenantId),
      revision: () => broadcast.thresholdsRevision + broadcast.modelsRevision,
      scan: (tenantId, cursor, count) => view.scan(tenantId, cursor, count),
    }),
    populationDeltas: new PopulationDeltas({
      topic: topicName('population-deltas'),
      partition,
      partitions,
      codec: ports.populationDeltaCodec,
      streamTimes,
    }),
    processor: new BatchProcessor({
      partition,
      partitions,
      scoring: ports.scoring,
      broadcast,
      customerCodec: ports.customerCodec,
      changeCodec: ports.changeCodec,
      exampleCodec: ports.exampleCodec,
      sampleCodec: ports.sampleCodec,
      cache,
      snapshots,
      outputs,
      streamTimes,
      windowDeltas,
      // What an event writes is about twice what it was.
      fullBytes: 2 * settings.maxBytes,
      errors,
      now,
    }),
  }
}

/** By which all customers of a tenant are to be judged; 0: nothing yet. */
function versionsInForce(broadcast: Broadcast, tenantId: string): number | string {
  const thresholds = broadcast.thresholds(tenantId)?.version ?? 0
  const models = broadcast.modelsVersion(tenantId)
  return models === '' ? thresholds : `${thresholds} ${models}`
}
