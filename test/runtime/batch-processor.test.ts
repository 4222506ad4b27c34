import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { load } from '../../bench/generator.ts'
import type { ConsumedRecord } from '../../connectors/kafka/consumed-record.ts'
import { readRecordBatches } from '../../connectors/kafka/record-batch-reader.ts'
import { compileModel } from '../../models/linear-model.ts'
import { CHURN_PRIOR } from '../../models/priors/churn-prior.ts'
import { LEAD_PRIOR } from '../../models/priors/lead-prior.ts'
import type { Processor } from '../../processors/processor.ts'
import { BatchOutputs } from '../../runtime/batch-outputs.ts'
import { BatchProcessor } from '../../runtime/batch-processor.ts'
import { ChurnSnapshots } from '../../runtime/churn-snapshots.ts'
import { CustomerCache, writtenValue } from '../../runtime/customer-cache.ts'
import { ErrorRate } from '../../runtime/error-rate.ts'
import { InputQueue } from '../../runtime/input-queue.ts'
import { StreamTimes } from '../../runtime/stream-time.ts'
import type { TakenRecord } from '../../runtime/taken-record.ts'
import { WindowDeltas } from '../../runtime/window-deltas.ts'
import { type BasketDelta, basketDeltaSchema } from '../../schemas/avro/basket-delta.ts'
import type { Customer } from '../../schemas/avro/customer.ts'
import { customerSchema } from '../../schemas/avro/customer.ts'
import { type NpsDelta, npsDeltaSchema } from '../../schemas/avro/nps-delta.ts'
import type { ScoreChange } from '../../schemas/avro/score-change.ts'
import { scoreChangeSchema } from '../../schemas/avro/score-change.ts'
import { type ScoreSample, scoreSampleSchema } from '../../schemas/avro/score-sample.ts'
import { type TrainingExample, trainingExampleSchema } from '../../schemas/avro/training-example.ts'
import { AvroCodec, type SchemaSource } from '../../schemas/codec.ts'
import { encodeCustomer } from '../../schemas/customer-encoder.ts'
import type { CustomerState } from '../../schemas/customer-state.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { customerKey, partitionOf } from '../../schemas/partition.ts'
import { DEFAULT_SETTINGS, type TenantSettings } from '../../schemas/settings.ts'
import { decodeState, encodeState } from '../../schemas/state-codec.ts'
import type { Thresholds } from '../../schemas/thresholds.ts'
import type { InputTopic } from '../../schemas/topics.ts'
import { createScoring, type Scoring } from '../../topology/scoring.ts'
import { thresholds } from '../processors/build-thresholds.ts'
import { consumed, eventAt, inputCodecs, interaction, recordOf, sourceOf } from './build-records.ts'

const PARTITIONS = 3
const PARTITION = partitionOf(Buffer.from('shop/c-1'), PARTITIONS)
const NOW = 1_700_000_100_000
const codecs = inputCodecs()
const noSchemas: SchemaSource = { schemaById: () => Promise.reject(new Error('not asked')) }
const customerCodec = new AvroCodec<Customer>(customerSchema, noSchemas).useId(90).useEncoder(encodeCustomer)
const changeCodec = new AvroCodec<ScoreChange>(scoreChangeSchema, noSchemas).useId(91)
const exampleCodec = new AvroCodec<TrainingExample>(trainingExampleSchema, noSchemas).useId(94)
const sampleCodec = new AvroCodec<ScoreSample>(scoreSampleSchema, noSchemas).useId(95)
const npsCodec = new AvroCodec<NpsDelta>(npsDeltaSchema, noSchemas).useId(92)
const basketCodec = new AvroCodec<BasketDelta>(basketDeltaSchema, noSchemas).useId(93)
const models = { lead: compileModel(LEAD_PRIOR), churn: compileModel(CHURN_PRIOR) }

/** Keys of the test's partition, so that several customers can be told apart. */
const CUSTOMERS = Array.from({ length: 60 }, (_, i) => `c-${i}`).filter(
  (id) => partitionOf(Buffer.from(`shop/${id}`), PARTITIONS) === PARTITION,
)

/** The first id whose key is in the test's partition. */
function idOf(keyPrefix: string): string {
  for (let i = 0; ; i++) if (partitionOf(Buffer.from(`${keyPrefix}${i}`), PARTITIONS) === PARTITION) return String(i)
}

function taken(topic: InputTopic, record: ConsumedRecord): TakenRecord {
  const queue = new InputQueue(topic, codecs[topic], record.offset, 1e9, () => {})
  const end = record.offset + 1
  queue.push(sourceOf(record), {
    position: end,
    lastStableOffset: end,
    highWatermark: end,
    logStartOffset: 0,
    bytes: 0,
  })
  const head = queue.peek()
  if (head === null || !('record' in head)) throw new Error('the record can not be read')
  return head
}

const event = (input: InputEvent, offset = 0): TakenRecord => taken(input.topic, recordOf(input, { offset }))

interface Written {
  readonly customers: ConsumedRecord[]
  readonly changes: ConsumedRecord[]
  readonly deadLetters: ConsumedRecord[]
}

class Bench {
  readonly cache = new CustomerCache(1_000)
  readonly outputs = new BatchOutputs(
    {
      customers: 'customers',
      scoreChanges: 'changes',
      deadLetters: 'dead',
      examples: 'examples',
      samples: 'samples',
      snapshots: 'snapshots',
    },
    PARTITION,
  )
  readonly streamTimes = new StreamTimes()
  readonly windowDeltas = new WindowDeltas({
    topics: { nps: 'nps-deltas', baskets: 'basket-deltas' },
    partition: PARTITION,
    partitions: PARTITIONS,
    npsCodec,
    basketCodec,
    streamTimes: this.streamTimes,
  })
  readonly processor: BatchProcessor

  thresholds: Thresholds | null = null

  constructor(
    scoring: Scoring = createScoring(),
    settings: TenantSettings = DEFAULT_SETTINGS,
    fullBytes = 8 * 1024 * 1024,
  ) {
    this.processor = new BatchProcessor({
      partition: PARTITION,
      partitions: PARTITIONS,
      scoring,
      broadcast: {
        settings: () => settings,
        models: () => models,
        thresholds: () => this.thresholds,
        thresholdsRevision: 0,
        modelsVersion: () => '',
        modelsRevision: 0,
      },
      customerCodec,
      changeCodec,
      exampleCodec,
      sampleCodec,
      snapshots: new ChurnSnapshots(exampleCodec),
      cache: this.cache,
      outputs: this.outputs,
      streamTimes: this.streamTimes,
      windowDeltas: this.windowDeltas,
      fullBytes,
      errors: new ErrorRate(),
      now: () => NOW,
    })
  }

  /** The batch up to the transaction, in which it may still fail. */
  process(batch: readonly TakenRecord[], moved: readonly string[] = []): void {
    for (const key of this.processor.prepare(batch)) this.cache.add(key, null)
    const byPopulation = moved.map((key) => ({ key, cause: 'population' as const }))
    expect(this.processor.process(batch, byPopulation)).toBe(batch.length)
  }

  commit(batch: readonly TakenRecord[], moved: readonly string[] = []): Written {
    this.process(batch, moved)
    return this.#finish()
  }

  /** In as many transactions as it takes. */
  commitInParts(batch: readonly TakenRecord[]): Written[] {
    const parts: Written[] = []
    for (let done = 0; done < batch.length; ) {
      const rest = batch.slice(done)
      for (const key of this.processor.prepare(rest)) this.cache.add(key, null)
      done += this.processor.process(rest)
      parts.push(this.#finish())
    }
    return parts
  }

  #finish(): Written {
    const written: Record<string, ConsumedRecord[]> = { customers: [], changes: [], dead: [] }
    for (const { topic, partition, batches } of this.processor.finish({ interactions: 7 })) {
      expect(partition).toBe(PARTITION)
      written[topic] = batches.flatMap((each) => readRecordBatches(Buffer.from(each.finish()), 0, []).records)
    }
    this.processor.committed()
    return { customers: written['customers']!, changes: written['changes']!, deadLetters: written['dead']! }
  }

  state(key: string): CustomerState | null | undefined {
    const customer = this.cache.get(key)
    return customer && this.cache.stateOf(customer)
  }
}

const customerOf = (record: ConsumedRecord): Customer => customerCodec.decode(record.value!) as Customer

function headersOf(record: ConsumedRecord): Record<string, string> {
  return Object.fromEntries([...record.headers()].map(([name, value]) => [name, value.toString()]))
}

let bench: Bench

beforeEach(() => {
  bench = new Bench()
})

test('new thresholds give a record without origin, before the events of the batch, and none when nothing moves', () => {
  bench.commit([event(eventAt('transactions', 1_700_000_000_500), 3)])
  bench.thresholds = thresholds({ version: 6 })
  const { customers, changes } = bench.commit([event(interaction(), 8)], ['shop/c-1'])
  expect(customers.map(customerOf)).toMatchObject([
    { cause: 'population', eventId: 'population:shop/c-1:6', thresholdsVersion: 6, rfm: { r: 1 } },
    { cause: 'event', thresholdsVersion: 6, rfm: { r: 1 } },
  ])
  expect(headersOf(customers[0]!)).toEqual({ eventId: 'population:shop/c-1:6' })
  expect(headersOf(customers[1]!)).toMatchObject({ offset: '8' })
  expect(changes.map(headersOf)).toEqual([{}, {}])
  expect(bench.state('shop/c-1')).toEqual(decodeState(customerOf(customers[1]!).state))
  expect(bench.commit([], ['shop/c-1'])).toEqual({ customers: [], changes: [], deadLetters: [] })
})

test('an event gives one customers record, with its origin, and the state that the cache goes on with', () => {
  const input = interaction({ type: 'demo_request' })
  const { customers, changes, deadLetters } = bench.commit([event(input, 41)])
  expect([customers.length, changes.length, deadLetters.length]).toEqual([1, 2, 0])
  const [record] = customers
  expect(record!.key!.toString()).toBe('shop/c-1')
  expect(headersOf(record!)).toMatchObject({
    topic: 'interactions',
    partition: String(PARTITION),
    offset: '41',
    eventId: input.event.eventId,
  })
  expect(record!.timestamp).toBe(NOW)
  const customer = customerOf(record!)
  expect(customer).toMatchObject({ tenantId: 'shop', customerId: 'c-1', eventId: input.event.eventId, cause: 'event' })
  expect(bench.state('shop/c-1')).toEqual(decodeState(customer.state))
  for (const change of changes)
    expect(headersOf(change)).toEqual({ topic: 'interactions', partition: String(PARTITION), offset: '41' })
})

test('only the last customers record of a batch names the input offsets', () => {
  const { customers } = bench.commit([interaction(), interaction(), interaction()].map((input, i) => event(input, i)))
  expect(customers.map((record) => headersOf(record)['inputs'])).toEqual([undefined, undefined, '{"interactions":7}'])
})

test('what our encoder writes is what avsc reads and would have written', () => {
  const avscCodec = new AvroCodec<Customer>(customerSchema, noSchemas).useId(90)
  const { customers } = bench.commit([event(interaction()), event(eventAt('transactions', 1_700_000_000_500))])
  for (const record of customers) expect(avscCodec.encode(customerOf(record)).equals(record.value!)).toBe(true)
})

describe('windows', () => {
  const NOON = Date.UTC(2023, 10, 14, 12)
  const answer = (fields: object): InputEvent =>
    ({
      topic: 'surveys',
      event: { ...eventAt('surveys', NOON).event, kind: 'NPS', attributes: {}, ...fields },
    }) as InputEvent

  function deltas(): { topic: string; partition: number; key: string; value: NpsDelta | BasketDelta }[] {
    const outputs = bench.windowDeltas.outputs(NOW)
    const records = outputs.flatMap(({ batches, ...to }) =>
      batches.flatMap((batch) =>
        readRecordBatches(Buffer.from(batch.finish()), 0, []).records.map((record) => ({ ...to, record })),
      ),
    )
    return records.map(({ topic, partition, record }) => ({
      topic,
      partition,
      key: record.key!.toString(),
      value: (topic === 'nps-deltas' ? npsCodec : basketCodec).decode(record.value!) as NpsDelta | BasketDelta,
    }))
  }

  test('a batch gives one delta a tenant and kind, in the partition of its key, with source and stream time', () => {
    const lines = [{ itemId: 'tea', category: 'drinks', quantity: 1, unitPriceMinor: 5 }]
    const order = { topic: 'transactions', event: { ...eventAt('transactions', NOON + 5).event, lines } } as InputEvent
    bench.commit([event(answer({ score: 9 })), event(answer({ score: 0, eventId: 'late' })), event(order)])
    const written = deltas()
    expect(written.map(({ topic, key }) => [topic, key])).toEqual([
      ['nps-deltas', 'shop/nps'],
      ['basket-deltas', 'shop/basket-item'],
      ['basket-deltas', 'shop/basket-category'],
    ])
    for (const { partition, key, value } of written) {
      expect(partition).toBe(partitionOf(Buffer.from(key), PARTITIONS))
      expect(value).toMatchObject({ tenantId: 'shop', source: PARTITION, streamTime: NOON + 5 })
    }
    // The second answer replaced the first: in each window one detractor is left.
    const nps = written[0]!.value as NpsDelta
    expect(nps.windows.map(({ groups }) => groups)).toEqual(
      nps.windows.map(() => [{ key: null, value: null, promoters: 0, passives: 0, detractors: 1 }]),
    )
    bench.commit([])
    expect(deltas()).toEqual([])
  })

  test('a late event is scored, and a dead letter of the stage window besides', () => {
    const late = NOON - 20 * 86_400_000
    const written = bench.commit([event(interaction({ occurredAt: NOON })), event(answer({ occurredAt: late }), 3)])
    expect(written.customers).toHaveLength(2)
    expect(written.deadLetters.map(headersOf)).toMatchObject([{ stage: 'window', reason: 'LATE', offset: '3' }])
    expect(deltas()).toMatchObject([{ value: { windows: [{ start: 0, end: null }] } }])
  })

  test('an event that ends as a dead letter adds nothing', () => {
    bench.commit([event(answer({ score: 11 }))])
    expect(deltas()).toEqual([])
  })
})

describe('duplicates', () => {
  test('are dropped and counted, within a batch and over batches', () => {
    const input = interaction()
    expect(bench.commit([event(input, 0), event(input, 1)]).customers).toHaveLength(1)
    expect(bench.processor.counts.drops.get('duplicate')).toBe(1)
    const again = bench.commit([event(input, 2)])
    expect([again.customers, again.deadLetters]).toEqual([[], []])
    expect(bench.processor.counts.scored).toBe(0)
  })

  test('an event that ended as a dead letter may be sent again, corrected', () => {
    const wrong = interaction({ eventId: 'again', durationMs: -1 })
    const right = interaction({ eventId: 'again', durationMs: 1 })
    const written = bench.commit([event(wrong, 0), event(right, 1)])
    expect(written.deadLetters).toHaveLength(1)
    expect(written.customers).toHaveLength(1)
  })
})

describe('records that are no event of a customer', () => {
  const inOtherPartition = Array.from({ length: 60 }, (_, i) => `c-${i}`).find((id) => !CUSTOMERS.includes(id))!

  const bad: [string, () => TakenRecord, { stage: string; reason: string; error: RegExp }][] = [
    [
      'no key',
      () => taken('interactions', recordOf(interaction(), { key: null })),
      { stage: 'key', reason: 'KEY_MISSING', error: /key is null/ },
    ],
    [
      'the key of another customer',
      () => taken('interactions', recordOf(interaction(), { key: 'shop/c-2' })),
      { stage: 'key', reason: 'KEY_MISMATCH', error: /shop\/c-2/ },
    ],
    [
      'a key without its tenant',
      () => taken('interactions', recordOf(interaction(), { key: 'c-1' })),
      { stage: 'key', reason: 'KEY_MISMATCH', error: /key/ },
    ],
    [
      'another separator in its key',
      () => taken('interactions', recordOf(interaction(), { key: 'shop:c-1' })),
      { stage: 'key', reason: 'KEY_MISMATCH', error: /key/ },
    ],
    [
      'a key of another partition',
      () => event(interaction({ customerId: inOtherPartition })),
      { stage: 'key', reason: 'WRONG_PARTITION', error: /murmur2_random/ },
    ],
    [
      'a null value, where it means nothing',
      () => taken('interactions', consumed({ value: null })),
      { stage: 'decode', reason: 'NULL_VALUE', error: /interactions/ },
    ],
    [
      'an erasure without a customer in its key',
      () => taken('profiles', consumed({ key: 'shop', value: null })),
      { stage: 'key', reason: 'KEY_MISMATCH', error: /key/ },
    ],
    [
      'an erasure for a tenant that can not be',
      () => taken('profiles', consumed({ key: `no tenant/${idOf('no tenant/')}`, value: null })),
      { stage: 'key', reason: 'KEY_MISMATCH', error: /no tenant/ },
    ],
    [
      'an erasure without an id in its key',
      () => taken('profiles', consumed({ key: 'shop/', value: null })),
      { stage: 'key', reason: 'KEY_MISMATCH', error: /shop/ },
    ],
    [
      'a key that is not UTF-8',
      () =>
        taken(
          'interactions',
          recordOf(interaction({ customerId: '\uFFFD' }), { key: Buffer.from('shop/\xff', 'latin1') }),
        ),
      { stage: 'key', reason: 'KEY_NOT_UTF8', error: /73686f702fff/ },
    ],
    [
      'an empty value',
      () => taken('surveys', consumed({ value: Buffer.alloc(0) })),
      { stage: 'decode', reason: 'EMPTY_VALUE', error: /empty/ },
    ],
    [
      'a tenant with a slash, whose customer another tenant has',
      () => event(interaction({ tenantId: 'shop/c', customerId: idOf('shop/c/') })),
      { stage: 'validate-event', reason: 'TENANT_ID_INVALID', error: /shop\/c/ },
    ],
  ]
  test.each(bad)('%s: a dead letter with stage, reason and its own bytes', (_name, make, { stage, reason, error }) => {
    const record = make()
    const { customers, deadLetters } = bench.commit([record])
    expect(customers).toEqual([])
    expect(deadLetters.map(headersOf)).toEqual([
      expect.objectContaining({ stage, reason, topic: record.topic, error: expect.stringMatching(error) }),
    ])
    expect(deadLetters[0]!.value).toEqual(record.record.value)
    expect(deadLetters[0]!.key).toEqual(record.record.key)
    expect([...bench.processor.counts.deadLetters.values()]).toEqual([1])
  })

  test('they leave the events around them alone', () => {
    const batch = [event(interaction(), 0), ...bad.map(([_name, make]) => make()), event(interaction(), 9)]
    const { customers, deadLetters } = bench.commit(batch)
    expect([customers.length, deadLetters.length]).toEqual([2, bad.length])
  })
})

describe('erasure', () => {
  const erasure = (offset: number): TakenRecord => taken('profiles', consumed({ key: 'shop/c-1', value: null, offset }))

  test('writes a null value and forgets everything, duplicates included', () => {
    const input = interaction()
    bench.commit([event(input)])
    const { customers } = bench.commit([erasure(5)])
    expect(customers.map(({ value }) => value)).toEqual([null])
    expect(headersOf(customers[0]!)).toMatchObject({
      eventId: `erasure:profiles/${PARTITION}/5`,
      inputs: '{"interactions":7}',
    })
    expect(bench.state('shop/c-1')).toBeNull()
    expect(bench.processor.touched.map((customer) => [customer.key, writtenValue(customer)])).toEqual([
      ['shop/c-1', null],
    ])
    const after = bench.commit([event(input)])
    expect(decodeState(customerOf(after.customers[0]!).state).sessions).toBe(1)
  })

  test('in the middle of a batch: what comes after begins anew', () => {
    const first = interaction({ type: 'login' })
    const last = interaction({ type: 'search' })
    const { customers } = bench.commit([event(first, 0), erasure(1), event(last, 2)])
    expect(customers).toHaveLength(3)
    const alone = new Bench().commit([event(last, 2)])
    expect(customerOf(customers[2]!).state).toEqual(customerOf(alone.customers[0]!).state)
  })

  test('at the end of a batch nothing is left of what came before', () => {
    bench.commit([event(interaction(), 0), erasure(1)])
    expect(bench.state('shop/c-1')).toBeNull()
    expect(bench.processor.touched.map(writtenValue)).toEqual([null])
  })
})

describe('a bug in a processor', () => {
  const scoring = createScoring()
  /** Breaks for one type of event, after it has changed the draft. */
  const broken: Processor = (context) => {
    const outcome = scoring.process(context)
    if (context.input.topic === 'interactions' && context.input.event.type === 'call') throw new TypeError('x is not y')
    return outcome
  }

  test('on one event is a dead letter of that event, and its draft is dropped', () => {
    bench = new Bench({ ...scoring, process: broken })
    const before = interaction({ type: 'login' })
    const after = interaction({ type: 'search' })
    const { customers, deadLetters } = bench.commit([
      event(before, 0),
      event(interaction({ type: 'call' }), 1),
      event(after, 2),
    ])
    expect(deadLetters.map(headersOf)).toMatchObject([
      { stage: 'processor', reason: 'PROCESSOR_ERROR', error: 'x is not y' },
    ])
    const alone = new Bench().commit([event(before, 0), event(after, 2)])
    expect(customerOf(customers[1]!).state).toEqual(customerOf(alone.customers[1]!).state)
  })

  test('on too many of them ends the batch instead', () => {
    bench = new Bench({ ...scoring, process: broken })
    const batch = Array.from({ length: 300 }, (_, i) => event(interaction({ type: 'call' }), i))
    expect(() => bench.process(batch)).toThrow(expect.objectContaining({ code: 'INTERNAL' }))
  })

  test('that makes a record no reader could take is a dead letter as well', () => {
    const unwritable: Processor = (context) => {
      const outcome = scoring.process(context)
      if (context.changes[0]) Object.assign(context.changes[0], { to: undefined })
      return outcome
    }
    bench = new Bench({ ...scoring, process: unwritable })
    const { customers, deadLetters } = bench.commit([event(interaction())])
    expect([customers.length, deadLetters.length]).toEqual([0, 1])
    expect(headersOf(deadLetters[0]!)).toMatchObject({ stage: 'processor', reason: 'PROCESSOR_ERROR' })
  })
})

test('a customer whose record would not fit into its topic is a dead letter, not a batch that can never be written', () => {
  const profile = (i: number): InputEvent => {
    const traits = { [`trait-${i}`]: 'x'.repeat(900_000) }
    return {
      topic: 'profiles',
      event: { eventId: `p-${i}`, tenantId: 'shop', customerId: 'c-1', occurredAt: 1, traits },
    }
  }
  const limits = { ...DEFAULT_SETTINGS.limits, traitValueBytes: 1_048_576 }
  bench = new Bench(createScoring(), { ...DEFAULT_SETTINGS, limits })
  const { customers, deadLetters } = bench.commit([0, 1, 2].map((i) => event(profile(i), i)))
  expect(customers).toHaveLength(2)
  expect(deadLetters.map(headersOf)).toMatchObject([{ stage: 'encode', reason: 'STATE_TOO_LARGE', offset: '2' }])
})

const anyEvent: fc.Arbitrary<TakenRecord> = fc
  .record({
    topic: fc.constantFrom('interactions' as const, 'transactions' as const, 'surveys' as const, 'profiles' as const),
    customer: fc.constantFrom(...CUSTOMERS.slice(0, 3)),
    time: fc.integer({ min: 1_690_000_000_000, max: 1_700_000_000_000 }),
    id: fc.nat(30),
    kind: fc.constantFrom('good', 'good', 'good', 'erasure', 'bad'),
  })
  .map(({ topic, customer, time, id, kind }) => {
    if (kind === 'erasure') return taken('profiles', consumed({ key: `shop/${customer}`, value: null }))
    if (kind === 'bad') return taken(topic, consumed({ key: `shop/${customer}`, value: Buffer.from('bad') }))
    const input = eventAt(topic, time, `e-${id}`)
    return event({ topic, event: { ...input.event, customerId: customer } } as InputEvent)
  })

const anyBatches = fc.array(fc.record({ events: fc.array(anyEvent, { minLength: 1, maxLength: 8 }) }), {
  maxLength: 8,
})

test('nothing of a batch is in the cache before its transaction has ended', () => {
  fc.assert(
    fc.property(anyBatches, (batches) => {
      const each = new Bench()
      for (const { events } of batches) {
        const before = new Map(CUSTOMERS.map((id) => [id, bytesOf(each.state(`shop/${id}`))]))
        each.process(events)
        for (const id of CUSTOMERS) expect(bytesOf(each.state(`shop/${id}`))).toEqual(before.get(id) ?? null)
        each.processor.committed()
      }
    }),
    { numRuns: 200 },
  )
})

test('how the events are cut into batches changes nothing', () => {
  /** Of each customer in order; states are compared at the end, as only the last of a batch has it. */
  const clean = (records: readonly ConsumedRecord[]): unknown =>
    Map.groupBy(
      records.map((record) => ({
        key: record.key!.toString(),
        customer: record.value === null ? null : { ...customerOf(record), state: null },
      })),
      ({ key }) => key,
    )
  fc.assert(
    fc.property(anyBatches, (batches) => {
      fc.pre(batches.length > 0)
      const apart = new Bench()
      const one = new Bench()
      const separately = batches.map(({ events }) => apart.commit(events))
      const together = one.commit(batches.flatMap(({ events }) => events))
      expect(clean(separately.flatMap(({ customers }) => customers))).toEqual(clean(together.customers))
      expect(separately.flatMap(({ deadLetters }) => deadLetters)).toHaveLength(together.deadLetters.length)
      for (const id of CUSTOMERS) {
        expect(bytesOf(apart.state(`shop/${id}`))).toEqual(bytesOf(one.state(`shop/${id}`)))
      }
    }),
    { numRuns: 200 },
  )
})

describe('a batch of many slices gives what its events give one by one', () => {
  const scoring = createScoring()
  /** Goes wrong in the processors, or leaves what can't be encoded, for a few events. */
  const faulty: Processor = (context) => {
    const outcome = scoring.process(context)
    if (context.eventId.endsWith('33')) throw new TypeError('x is not y')
    if (context.eventId.endsWith('66')) Object.assign(context.customer, { eventId: undefined })
    return outcome
  }
  const events = [...load({ seed: 7, events: 1_500, customers: 90, until: NOW })].filter(
    ({ event: { tenantId, customerId } }) =>
      partitionOf(Buffer.from(customerKey(tenantId, customerId)), PARTITIONS) === PARTITION,
  )
  const textOf = (record: ConsumedRecord): string => `${record.key}: ${record.value?.toString('hex')}`
  const withoutState = (record: ConsumedRecord): unknown => ({ ...customerOf(record), state: null })

  test.each([
    ['as it is', scoring, 1e9, 1],
    ['with events that go wrong', { ...scoring, process: faulty }, 1e9, 1],
    ['full again and again', scoring, 10_000, 20],
  ])('%s', (_, steps, fullBytes, leastParts) => {
    const [together, apart] = [new Bench(steps, DEFAULT_SETTINGS, fullBytes), new Bench(steps)]
    const batch = (): TakenRecord[] => events.map((input, i) => event(input, i))
    const parts = together.commitInParts(batch())
    const one = {
      customers: parts.flatMap(({ customers }) => customers),
      changes: parts.flatMap(({ changes }) => changes),
      deadLetters: parts.flatMap(({ deadLetters }) => deadLetters),
    }
    expect(parts.length).toBeGreaterThanOrEqual(leastParts)
    const each = batch().map((record) => apart.commit([record]))
    const byKey = (records: readonly ConsumedRecord[]) => Map.groupBy(records, ({ key }) => key!.toString())
    const expected = byKey(each.flatMap(({ customers }) => customers))
    expect(events.length).toBeGreaterThan(300)
    expect(expected.size).toBeGreaterThan(10)
    for (const [key, records] of byKey(one.customers)) {
      expect(records.map(withoutState)).toEqual(expected.get(key)!.map(withoutState))
      expect(bytesOf(together.state(key))).toEqual(bytesOf(apart.state(key)))
    }
    expect(one.customers).toHaveLength(each.flatMap(({ customers }) => customers).length)
    expect(one.changes.map(textOf)).toEqual(each.flatMap(({ changes }) => changes).map(textOf))
    const letters = each.flatMap(({ deadLetters }) => deadLetters)
    expect(one.deadLetters.map(textOf).sort()).toEqual(letters.map(textOf).sort())
    expect(letters.length > 0).toBe(steps !== scoring)
  })
})

test('the last record of a customer in a batch carries the state that the batch leaves, the others none', () => {
  fc.assert(
    fc.property(anyBatches, (batches) => {
      const each = new Bench()
      for (const { events } of batches) {
        const { customers } = each.commit(events)
        const newest = new Map(customers.map((record) => [record.key!.toString(), record]))
        for (const record of customers) {
          if (record.value === null) continue
          const key = record.key!.toString()
          const { state } = customerOf(record)
          if (record !== newest.get(key)) expect(state).toHaveLength(0)
          else expect(bytesOf(decodeState(state))).toEqual(bytesOf(each.state(key)))
        }
        for (const touched of each.processor.touched)
          expect(writtenValue(touched)).toEqual(newest.get(touched.key)!.value)
      }
    }),
    { numRuns: 200 },
  )
})

test('an event that fails after others of its customer in the batch leaves nothing of itself', () => {
  const scoring = createScoring()
  const broken: Processor = (context) => {
    const outcome = scoring.process(context)
    if (context.input.event.eventId.endsWith('7')) throw new TypeError('x is not y')
    return outcome
  }
  fc.assert(
    fc.property(anyBatches, (batches) => {
      fc.pre(batches.length > 0)
      const together = new Bench({ ...scoring, process: broken })
      const oneByOne = new Bench({ ...scoring, process: broken })
      const events = batches.flatMap((batch) => batch.events)
      together.commit(events)
      for (const record of events) oneByOne.commit([record])
      for (const id of CUSTOMERS) {
        expect(bytesOf(together.state(`shop/${id}`))).toEqual(bytesOf(oneByOne.state(`shop/${id}`)))
      }
    }),
    { numRuns: 200 },
  )
})

const scratch = Buffer.alloc(65_536)

function bytesOf(state: CustomerState | null | undefined): string | null {
  return state ? scratch.toString('hex', 0, encodeState(state, scratch, 0)) : null
}
