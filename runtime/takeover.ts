import type { KafkaClient } from '../connectors/kafka/client.ts'
import type { ConsumedRecord } from '../connectors/kafka/consumed-record.ts'
import type { Fetcher } from '../connectors/kafka/fetcher.ts'
import { committedOffsets, type LogRange, logRange } from '../connectors/kafka/offsets.ts'
import { readPartition } from '../connectors/kafka/partition-reader.ts'
import { topicIdentity } from '../connectors/kafka/topic-identity.ts'
import { nextLookAt } from '../models/next-look.ts'
import type { Customer } from '../schemas/avro/customer.ts'
import type { AvroCodec } from '../schemas/codec.ts'
import { type CustomerPeek, peekCustomer } from '../schemas/customer-peek.ts'
import { AppError } from '../schemas/errors.ts'
import { decodeState } from '../schemas/state-codec.ts'
import { stepDone } from '../schemas/steps.ts'
import { DELETE_RETENTION_MS, INPUT_TOPICS, type InputTopic } from '../schemas/topics.ts'
import type { CustomerEntry, Position, StateStore } from '../state/state-store.ts'
import { type InputOffsets, inputsOf, settleInputs } from './input-offsets.ts'
import { isInStep, snapshotSlices } from './restore-snapshots.ts'
import { StreamTimes } from './stream-time.ts'

export interface TakeoverPorts {
  readonly kafka: KafkaClient
  readonly fetcher: Fetcher
  readonly store: StateStore
  readonly customerCodec: AvroCodec<Customer>
  readonly group: string
  /** Full names (with prefix) of the topics. */
  readonly topicName: (topic: string) => string
  readonly now: () => number
  readonly onRestore: (progress: RestoreProgress) => Promise<void>
  readonly log: (message: string, details: Record<string, unknown>) => void
}

export interface RestoreProgress {
  readonly partition: number
  readonly from: number
  readonly to: number
  readonly position: number
  /** Epoch ms. */
  readonly startedAt: number
  /** The view was emptied: what is not restored yet looks unknown to readers. */
  readonly rebuilding: boolean
}

export interface TakenOver {
  /** Where to read each input topic on, and how far it went. */
  readonly inputs: ReadonlyMap<InputTopic, LogRange>
  /** Which log Redis follows, see topicIdentity. */
  readonly changelog: string
  /** Where Redis stands now: at the end of the changelog. */
  readonly viewOffset: number
  /** The end of `churn-snapshots`. */
  readonly snapshotOffset: number
  /** By tenant, see StreamTimes. */
  readonly streamTimes: ReadonlyMap<string, number>
  readonly restored: number
  /** Input records that retention removed before they were read. */
  readonly lost: number
}

/** Of a restore's progress. */
const REPORT_EVERY_MS = 500

/**
 * Steps (b) and (c) of taking a partition over; the producer has fenced the previous owner before. When it returns,
 * Redis stands at the end of the changelog and the input offsets are those committed with it. Stopping anywhere in
 * between is harmless: every step starts from what Kafka and Redis say.
 */
export async function takeOver(ports: TakeoverPorts, partition: number, signal: AbortSignal): Promise<TakenOver> {
  stepDone('fenced')
  const { kafka, topicName } = ports
  const topics = INPUT_TOPICS.map((topic) => topicName(topic))
  // The log has its last record, since its writer is fenced: in what order these are read makes no difference.
  const [changelog, committed, log, snapshots, position] = await Promise.all([
    topicIdentity(kafka, topicName('customers')),
    committedOffsets(kafka, ports.group, topics, partition),
    logRange(kafka, topicName('customers'), partition),
    logRange(kafka, topicName('churn-snapshots'), partition),
    ports.store.position(partition, signal),
  ])
  stepDone('offsets-read')
  const view = await restore(ports, partition, { ...log, identity: changelog, snapshots }, position, signal)
  stepDone('view-restored')
  const known = { committed, stored: view.inputs, changelog: log }
  const { inputs, lost } = await settleInputs(ports, partition, known, signal)
  const { offset: viewOffset, streamTimes, restored } = view
  return { inputs, changelog, viewOffset, snapshotOffset: snapshots.end, streamTimes, restored, lost }
}

interface RestoredView {
  readonly offset: number
  /** By tenant, see StreamTimes. */
  readonly streamTimes: ReadonlyMap<string, number>
  readonly restored: number
  readonly inputs: InputOffsets
}

async function restore(
  ports: TakeoverPorts,
  partition: number,
  log: LogRange & { readonly identity: string; readonly snapshots: LogRange },
  position: Position | null,
  signal: AbortSignal,
): Promise<RestoredView> {
  const { store } = ports
  const cluster = ports.kafka.clusterId()
  const topic = ports.topicName('customers')
  const usable =
    position !== null &&
    position.cluster === cluster &&
    position.topic === log.identity &&
    position.offset <= log.end &&
    (position.snapshots ?? 0) <= log.snapshots.end &&
    // Of what came later, tombstones may be compacted away by now.
    ((log.end - position.offset <= 1 && isInStep(position, log.snapshots)) ||
      ports.now() - position.at < DELETE_RETENTION_MS / 2)
  // A rebuild that was cut short has no input offsets yet: it goes on, and readers are told.
  const rebuilding = !usable || Object.keys(position.inputs).length === 0
  // Also without a position: an emptying that was cut short has removed only that.
  if (!usable) {
    if (position !== null) {
      const { offset, at, topic: follows } = position
      const details = { partition, offset, at, follows, changelog: log.identity, end: log.end }
      ports.log('the view in Redis can not follow the changelog: it is built anew', { level: 'warn', ...details })
    }
    await store.reset(partition, signal)
    stepDone('view-emptied')
  }
  let expected = usable ? position.offset : null
  let inputs: InputOffsets = usable ? position.inputs : {}
  let restored = 0
  const streamTimes = new StreamTimes()
  if (usable) streamTimes.restore(position.streamTimes)
  // A transaction is at least one record and its marker: one offset more can only be that marker.
  const inStep = usable && !rebuilding && log.end - position.offset <= 1 && isInStep(position, log.snapshots)
  if (inStep) return { offset: position.offset, streamTimes: streamTimes.all, restored, inputs }
  const from = Math.max(expected ?? 0, log.start)
  const startedAt = ports.now()
  const report = (at: number): Promise<void> =>
    ports.onRestore({
      partition,
      from,
      to: log.end,
      position: at,
      startedAt,
      rebuilding: rebuilding && log.end > log.start,
    })
  await report(from)
  let reportedAt = startedAt
  // Written to Redis while the next slice is read and worked out.
  let writing = Promise.resolve()
  for await (const slice of readPartition(ports.fetcher, topic, partition, { from, to: log.end }, signal)) {
    const entries = await newestOf(slice.records, ports.customerCodec)
    inputs = inputsOf(slice.records) ?? inputs
    for (const { tenantId, value, newestAt } of entries) if (value !== null) streamTimes.observe(tenantId, newestAt)
    const next: Position = {
      offset: slice.position,
      inputs: rebuilding ? {} : inputs,
      cluster,
      topic: log.identity,
      at: ports.now(),
      streamTimes: streamTimes.takeMoved(),
    }
    await writing
    writing = mustWrite(store, partition, { expected, position: next, entries, timers: [], snapshots: [] }, signal)
    writing.then(
      () => stepDone('slice-restored'),
      () => {
        // Thrown above or below; where reading fails first, that is told.
      },
    )
    expected = slice.position
    restored += slice.records.length
    // A report is a call that waits for all writes of other partitions.
    if (ports.now() - reportedAt < REPORT_EVERY_MS) continue
    reportedAt = ports.now()
    await report(slice.position)
  }
  await writing
  const during = { offset: log.end, inputs: rebuilding ? {} : inputs, cluster, topic: log.identity }
  const range = { from: Math.max((usable && position.snapshots) || 0, log.snapshots.start), to: log.snapshots.end }
  for await (const { position: at, snapshots } of snapshotSlices(ports, partition, range, signal)) {
    const next: Position = { ...during, at: ports.now(), streamTimes: new Map(), snapshots: at }
    await mustWrite(store, partition, { expected, position: next, entries: [], timers: [], snapshots }, signal)
    expected = log.end
  }
  const end: Position = {
    offset: log.end,
    inputs,
    cluster,
    topic: log.identity,
    at: ports.now(),
    streamTimes: new Map(),
    snapshots: log.snapshots.end,
  }
  await mustWrite(store, partition, { expected, position: end, entries: [], timers: [], snapshots: [] }, signal)
  return { offset: log.end, streamTimes: streamTimes.all, restored, inputs }
}

async function mustWrite(
  store: StateStore,
  partition: number,
  change: Parameters<StateStore['write']>[1],
  signal: AbortSignal,
): Promise<void> {
  if ((await store.write(partition, change, signal)) !== 'foreign') return
  throw new AppError('REDIS_FOREIGN', `somebody else moved the view of partition ${partition} while it was restored`, {
    retryable: true,
    details: { partition },
  })
}

/** The last record of each key, as entries of the view. */
async function newestOf(records: readonly ConsumedRecord[], codec: AvroCodec<Customer>): Promise<CustomerEntry[]> {
  const newest = new Map<string, ConsumedRecord>()
  for (const record of records) if (record.key !== null) newest.set(record.key.toString(), record)
  const entries: CustomerEntry[] = []
  for (const [key, { value }] of newest) {
    const slash = key.indexOf('/')
    const customer =
      value === null ? null : (codec.isOwn(value) && peekCustomer(value)) || (await indexedFields(value, codec))
    // Of a batch that the slice ends in: the record with the customer's state follows.
    if (customer?.state.length === 0) continue
    const state = customer === null ? null : decodeState(customer.state)
    entries.push({
      key,
      tenantId: key.slice(0, slash),
      customerId: key.slice(slash + 1),
      value,
      probability: customer?.probability ?? 0,
      risk: customer?.risk ?? 0,
      newestAt: state?.newestAt ?? 0,
      nextLookAt: state === null ? 0 : nextLookAt(state),
    })
  }
  return entries
}

async function indexedFields(value: Buffer, codec: AvroCodec<Customer>): Promise<CustomerPeek> {
  const { lead, churn, state } = await codec.decodeLoading(value)
  return { probability: lead.probability, risk: churn.risk, state }
}
