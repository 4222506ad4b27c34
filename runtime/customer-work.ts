import type { Customer } from '../schemas/avro/customer.ts'
import type { ScoreChange } from '../schemas/avro/score-change.ts'
import type { AvroCodec } from '../schemas/codec.ts'
import { encodeCustomer } from '../schemas/customer-encoder.ts'
import type { InputEvent } from '../schemas/events.ts'
import { encodeScoreChange } from '../schemas/score-change-encoder.ts'
import { INPUT_TOPICS, type InputTopic } from '../schemas/topics.ts'
import { RedisStore } from '../state/redis-store.ts'
import { createScoring } from '../topology/scoring.ts'
import { ErrorRate } from './error-rate.ts'
import { applicationId } from './kafka-settings.ts'
import { LARGEST_PAGE } from './population-sweep.ts'
import { RefreshRate } from './refresh-rate.ts'
import type { TaskPorts, TaskSettings } from './session-parts.ts'
import { TaskSession } from './task-session.ts'
import type { TaskWork } from './task-work.ts'
import { FETCH_INTERVAL_MS, rebuildMark, reportHealth, type WorkerConnections } from './worker-connections.ts'

/** Transactions of a connection wait for one another; with more connections than this nothing was gained. */
const PRODUCER_LANES = 4

/** Connects what customer tasks work with beside what all share. */
export async function customerWork(connections: WorkerConnections): Promise<TaskWork> {
  const { config, keys, log, now, redis, connect, codec, topicName } = connections
  const groupClient = await connect('group')
  const inputFetcher = connections.openFetcher(await connect('inputs'), FETCH_INTERVAL_MS)
  const lanes = await Promise.all(Array.from({ length: PRODUCER_LANES }, (_, lane) => connect(`producer-${lane}`)))
  const ports: TaskPorts = {
    ...connections,
    ...rebuildMark(redis, keys.rebuilding),
    group: applicationId(config),
    inputFetcher,
    store: new RedisStore({ redis, keys, onHealth: reportHealth(log, 'redis') }),
    refreshRate: new RefreshRate(config.REFRESH_PER_SECOND, LARGEST_PAGE, now),
    customerCodec: codec<Customer>('customers').useEncoder(encodeCustomer),
    changeCodec: codec<ScoreChange>('score-changes').useEncoder(encodeScoreChange),
    exampleCodec: codec('training-examples'),
    sampleCodec: codec('score-samples'),
    snapshotCodec: codec('churn-snapshots'),
    populationDeltaCodec: codec('population-deltas'),
    npsDeltaCodec: codec('nps-deltas'),
    basketDeltaCodec: codec('basket-deltas'),
    inputCodecs: Object.fromEntries(INPUT_TOPICS.map((topic) => [topic, codec(topic)])) as unknown as Record<
      InputTopic,
      AvroCodec<InputEvent['event']>
    >,
    scoring: createScoring(),
    newProducer: (partition) => connections.newProducer(lanes[partition % lanes.length]!, 'customers', partition),
  }
  const settings: TaskSettings = {
    maxRecords: config.BATCH_MAX_RECORDS,
    maxBytes: config.BATCH_MAX_BYTES,
    queueBytes: config.QUEUE_MAX_BYTES,
    mergeWaitMs: config.MERGE_WAIT_MS,
    intervalMs: config.TRANSACTION_INTERVAL_MS,
    cacheCustomers: Math.ceil(config.CACHE_CUSTOMERS / connections.partitions),
  }
  return {
    groupClient,
    group: ports.group,
    topics: INPUT_TOPICS.map(topicName),
    onRestore: ports.onRestore,
    sessionsOf: (partition) => {
      const errors = new ErrorRate()
      return (stop) => new TaskSession(partition, ports, settings, errors, stop)
    },
  }
}
