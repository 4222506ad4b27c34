import type { CrossSell } from '../schemas/avro/cross-sell.ts'
import type { Nps } from '../schemas/avro/nps.ts'
import { encodeCrossSell } from '../schemas/cross-sell-encoder.ts'
import { DELTA_TOPICS } from '../schemas/topics.ts'
import { RedisResultStore } from '../state/redis-result-store.ts'
import { type AggregatePorts, AggregateSession, type AggregateSettings } from './aggregate-session.ts'
import { aggregatesGroup } from './kafka-settings.ts'
import type { TaskWork } from './task-work.ts'
import { rebuildMark, reportHealth, type WorkerConnections } from './worker-connections.ts'
import { Yielding } from './yielding.ts'

/** Of deltas in one transaction: a delta costs far more than its bytes, and scoring waits for it. */
const BATCH_BYTES = 64 * 1024
/** Tasks take deltas only every AGGREGATE_INTERVAL_MS: fetches in that time. */
const DELTA_FETCHES = 5

/** Connects what aggregate tasks work with beside what all share. @param restFactor see Yielding */
export async function aggregateWork(connections: WorkerConnections, restFactor: () => number): Promise<TaskWork> {
  const { config, keys, log, redis, connect, codec, topicName, broadcast } = connections
  const groupClient = await connect('aggregate-group')
  const deltaClient = await connect('deltas')
  const producerClient = await connect('producer-aggregates')
  const ports: AggregatePorts = {
    ...connections,
    ...rebuildMark(redis, keys.resultsRebuilding),
    group: aggregatesGroup(config),
    deltaFetcher: connections.openFetcher(deltaClient, config.AGGREGATE_INTERVAL_MS / DELTA_FETCHES),
    store: new RedisResultStore({ redis, keys, onHealth: reportHealth(log, 'redis') }),
    codecs: { nps: codec<Nps>('nps'), crossSell: codec<CrossSell>('cross-sell').useEncoder(encodeCrossSell) },
    deltaCodecs: {
      'nps-deltas': codec('nps-deltas'),
      'basket-deltas': codec('basket-deltas'),
      'population-deltas': codec('population-deltas'),
    },
    settings: (tenantId) => broadcast.settings(tenantId),
    yielding: new Yielding(restFactor),
    newProducer: (partition) => connections.newProducer(producerClient, 'aggregates', partition),
  }
  const settings: AggregateSettings = {
    maxRecords: config.BATCH_MAX_RECORDS,
    maxBytes: BATCH_BYTES,
    queueBytes: config.QUEUE_MAX_BYTES,
    intervalMs: config.AGGREGATE_INTERVAL_MS,
  }
  return {
    groupClient,
    group: ports.group,
    topics: DELTA_TOPICS.map(topicName),
    onRestore: ports.onRestore,
    sessionsOf: (partition) => (stop) => new AggregateSession(partition, ports, settings, stop),
  }
}
