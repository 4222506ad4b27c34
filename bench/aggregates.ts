import { parseArgs } from 'node:util'
import { TaskAggregates } from '../aggregates/task-aggregates.ts'
import type { ConsumedRecord } from '../connectors/kafka/consumed-record.ts'
import type { RecordBatchBuilder } from '../connectors/kafka/record-batch-builder.ts'
import { readRecordBatches } from '../connectors/kafka/record-batch-reader.ts'
import { createEventContext } from '../processors/event-context.ts'
import { AggregateOutputs } from '../runtime/aggregate-outputs.ts'
import { PopulationDeltas } from '../runtime/population-deltas.ts'
import { StreamTimes } from '../runtime/stream-time.ts'
import { WindowDeltas } from '../runtime/window-deltas.ts'
import { basketDeltaSchema } from '../schemas/avro/basket-delta.ts'
import { type CrossSell, crossSellSchema } from '../schemas/avro/cross-sell.ts'
import { type Nps, npsSchema } from '../schemas/avro/nps.ts'
import { npsDeltaSchema } from '../schemas/avro/nps-delta.ts'
import { populationDeltaSchema } from '../schemas/avro/population-delta.ts'
import type { AvroSchema } from '../schemas/avro.ts'
import { AvroCodec, SchemaNeeded } from '../schemas/codec.ts'
import { encodeCrossSell } from '../schemas/cross-sell-encoder.ts'
import type { CustomerState } from '../schemas/customer-state.ts'
import type { DeltaInput } from '../schemas/deltas.ts'
import { cloneState, newCustomerState } from '../schemas/new-state.ts'
import { customerKey, partitionOf } from '../schemas/partition.ts'
import { parseSettings } from '../schemas/settings.ts'
import type { DeltaTopic } from '../schemas/topics.ts'
import { createScoring } from '../topology/scoring.ts'
import { load } from './generator.ts'
import { machine } from './setup.ts'

/*
 * What windows and populations cost in one process, without Kafka and Redis: deltas made of the events of the benchmark's
 * workload, encoded, read back, counted, and state and results encoded into record batches. Microseconds of CPU for each
 * event of the input, of which 12 % touch a window; the longest piece of work that gives way to nothing else; and what
 * would be written.
 * Usage: node --expose-gc bench/aggregates.ts [--events 300000] [--rate 30000] [--settings '{"crossSell":{"minShare":0}}']
 */
const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '300000' },
    rate: { type: 'string', default: '30000' },
    settings: { type: 'string', default: '{}' },
  },
})
const EVENTS = Number(values.events)
/** Of the simulated clock, by which results become due. */
const EVENTS_A_SECOND = Number(values.rate)
const PARTITIONS = 4
const UNIT_MS = 250
const RESULTS_A_UNIT = 500
const START = Date.UTC(2026, 0, 1)
const SETTINGS = parseSettings(JSON.parse(values.settings))

function codecOf<T>(schema: AvroSchema): AvroCodec<T> {
  const source = { schemaById: () => Promise.reject(new Error('no schema but ours is written')) }
  return new AvroCodec<T>(schema, source).useId(1)
}

type EventOf<T extends DeltaTopic> = Extract<DeltaInput, { topic: T }>['event']
const deltaCodecs: { readonly [T in DeltaTopic]: AvroCodec<EventOf<T>> } = {
  'nps-deltas': codecOf(npsDeltaSchema),
  'basket-deltas': codecOf(basketDeltaSchema),
  'population-deltas': codecOf(populationDeltaSchema),
}

const spent = { deltas: 0, counting: 0, outputs: 0 }
let longest = 0

function microsSince(begin: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(begin)
  return user + system
}

/** Counts the CPU time of this thread that something takes. */
function measured<T>(part: keyof typeof spent, act: () => T): T {
  const begin = process.threadCpuUsage()
  const result = act()
  spent[part] += microsSince(begin)
  return result
}

/** Takes piece after piece of a work that gives way, and notes the longest. */
function run<T>(steps: Generator<void, T>): T {
  for (;;) {
    const begin = process.threadCpuUsage()
    const step = steps.next()
    longest = Math.max(longest, microsSince(begin) / 1000)
    if (step.done) return step.value
  }
}

class Source {
  readonly #states = new Map<string, CustomerState>()
  readonly #streamTimes = new StreamTimes()
  readonly #scoring = createScoring()
  readonly #context = createEventContext()
  readonly #windows: WindowDeltas
  readonly #populations: PopulationDeltas
  #touched = new Map<string, { tenantId: string; before: CustomerState | null; draft: CustomerState }>()

  constructor(partition: number) {
    const [partitions, streamTimes] = [PARTITIONS, this.#streamTimes]
    this.#windows = new WindowDeltas({
      topics: { nps: 'nps-deltas', baskets: 'basket-deltas' },
      partition,
      partitions,
      npsCodec: deltaCodecs['nps-deltas'],
      basketCodec: deltaCodecs['basket-deltas'],
      streamTimes,
    })
    const codec = deltaCodecs['population-deltas']
    this.#populations = new PopulationDeltas({ topic: 'population-deltas', partition, partitions, codec, streamTimes })
    this.#context.tenant = SETTINGS
    this.#context.now = START + 200 * 86_400_000
  }

  take(input: ReturnType<typeof load> extends Generator<infer E> ? E : never): void {
    const { tenantId, customerId } = input.event
    const key = customerKey(tenantId, customerId)
    let customer = this.#touched.get(key)
    if (customer === undefined) {
      const state = this.#states.get(key) ?? null
      customer = { tenantId, before: state, draft: state === null ? newCustomerState() : cloneState(state) }
      this.#touched.set(key, customer)
    }
    Object.assign(this.#context, { input, tenantId, customerId, draft: customer.draft })
    this.#context.streamTime = this.#streamTimes.of(tenantId)
    this.#scoring.process(this.#context)
    this.#streamTimes.observe(tenantId, this.#context.asOf)
    if (this.#context.npsChanges.length + this.#context.basketChanges.length > 0) {
      measured('deltas', () => this.#windows.add(this.#context))
    }
  }

  /** Ends a batch. @returns what it adds to windows and populations */
  deltas(now: number): { topic: DeltaTopic; partition: number; record: ConsumedRecord }[] {
    const outputs = measured('deltas', () => [
      ...this.#windows.outputs(now),
      ...this.#populations.outputs([...this.#touched.values()], now),
    ])
    this.#windows.reset()
    for (const [key, { draft }] of this.#touched) this.#states.set(key, draft)
    this.#touched = new Map()
    return outputs.flatMap(({ topic, partition, batches }) =>
      batches.flatMap((batch) => recordsOf(batch).map((record) => ({ topic: topic as DeltaTopic, partition, record }))),
    )
  }
}

function recordsOf(batch: RecordBatchBuilder): ConsumedRecord[] {
  return readRecordBatches(Buffer.from(batch.finish()), 0, []).records
}

class Task {
  readonly #aggregates = new TaskAggregates({ partitions: PARTITIONS, settings: () => SETTINGS })
  readonly #outputs: AggregateOutputs
  readonly written = new Map<string, { records: number; bytes: number }>()

  constructor(partition: number) {
    const codecs = {
      nps: codecOf<Nps>(npsSchema),
      crossSell: codecOf<CrossSell>(crossSellSchema).useEncoder(encodeCrossSell),
    }
    this.#outputs = new AggregateOutputs({ topicName: (topic) => topic, partition, codecs })
  }

  /** One unit of work after another, until no more is due. */
  work(deltas: readonly { topic: DeltaTopic; record: ConsumedRecord }[], now: number): void {
    for (let waiting = deltas; ; waiting = []) {
      const changes = measured('counting', () => {
        for (const { topic, record } of waiting) {
          const event = deltaCodecs[topic].decode(record.value!)
          if (event instanceof SchemaNeeded) throw new Error('a schema of another')
          run(this.#aggregates.add({ topic, event } as DeltaInput, now))
        }
        return run(this.#aggregates.flush({ now, readUpTo: now }, RESULTS_A_UNIT))
      })
      if (changes.entries.length + changes.results.length + waiting.length > 0) this.#write(changes, now)
      if (changes.results.length < RESULTS_A_UNIT) return
    }
  }

  #write(changes: Parameters<AggregateOutputs['finish']>[0], now: number): void {
    const outputs = measured('outputs', () => {
      this.#outputs.reset(now)
      return run(this.#outputs.finish(changes, { inputs: {}, readUpTo: now }))
    })
    for (const { topic, batches } of outputs) {
      const sum = this.written.get(topic) ?? { records: 0, bytes: 0 }
      for (const batch of batches) {
        sum.records += batch.count
        sum.bytes += measured('outputs', () => batch.finish()).length
      }
      this.written.set(topic, sum)
    }
  }
}

/** What the customer tasks send in each unit of time. */
function makeDeltas(): ReturnType<Source['deltas']>[] {
  const sources = Array.from({ length: PARTITIONS }, (_, partition) => new Source(partition))
  const units: ReturnType<Source['deltas']>[] = []
  const endUnit = (): unknown => units.push(sources.flatMap((source) => source.deltas(timeOf(units.length))))
  let taken = 0
  for (const input of load({ seed: 42, events: EVENTS, customers: 100_000, until: START + 120 * 86_400_000 })) {
    const key = Buffer.from(customerKey(input.event.tenantId, input.event.customerId))
    sources[partitionOf(key, PARTITIONS)]!.take(input)
    if (++taken % ((EVENTS_A_SECOND * UNIT_MS) / 1000) === 0) endUnit()
  }
  endUnit()
  return units
}

/** The simulated clock at a unit. */
const timeOf = (unit: number): number => START + 130 * 86_400_000 + unit * UNIT_MS

const units = makeDeltas()
const deltaSizes = { records: 0, bytes: 0 }
for (const { record } of units.flat()) {
  deltaSizes.records++
  deltaSizes.bytes += record.value!.length
}
// The states of all customers are garbage by now, and not of what is measured from here on.
globalThis.gc?.()
const tasks = Array.from({ length: PARTITIONS }, (_, partition) => new Task(partition))
const begin = process.cpuUsage()
// Then without input: what was left to be sent, and final results of windows that nothing comes into any more.
for (let unit = 0; unit < units.length + 480; unit++) {
  const deltas = units[unit] ?? []
  for (const [partition, task] of tasks.entries()) {
    task.work(
      deltas.filter((delta) => delta.partition === partition),
      timeOf(unit),
    )
  }
}
const { user, system } = process.cpuUsage(begin)

const micros = (part: keyof typeof spent): number => Math.round((spent[part] / EVENTS) * 100) / 100
const total = new Map<string, { records: number; bytes: number }>()
for (const { written } of tasks) {
  for (const [topic, { records, bytes }] of written) {
    const sum = total.get(topic) ?? { records: 0, bytes: 0 }
    total.set(topic, { records: sum.records + records, bytes: sum.bytes + bytes })
  }
}
console.log(
  JSON.stringify(
    {
      machine: machine(),
      events: EVENTS,
      // Of the thread; and of the aggregate task with the threads that collect garbage and compile.
      microsPerEvent: {
        deltas: micros('deltas'),
        counting: micros('counting'),
        outputs: micros('outputs'),
        aggregateTaskCpu: Math.round(((user + system) / EVENTS) * 100) / 100,
      },
      longestPieceMs: Math.round(longest * 10) / 10,
      deltas: deltaSizes,
      written: Object.fromEntries(total),
    },
    null,
    2,
  ),
)
