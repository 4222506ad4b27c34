import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import type { ConsumedRecord } from '../../connectors/kafka/consumed-record.ts'
import { InputQueue } from '../../runtime/input-queue.ts'
import type { TakenRecord } from '../../runtime/taken-record.ts'
import { type TakeLimits, TaskInputs } from '../../runtime/task-inputs.ts'
import { AvroCodec } from '../../schemas/codec.ts'
import { AppError } from '../../schemas/errors.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { INPUT_TOPICS, type InputTopic, TOPICS } from '../../schemas/topics.ts'
import { consumed, eventAt, inputCodecs, recordOf, sourceOf } from './build-records.ts'

const codecs = inputCodecs()
const NO_LIMITS: TakeLimits = { maxRecords: 10_000, maxBytes: 100_000_000 }

/** A task's inputs on queues that the test fills as a fetcher would. */
class Inputs {
  readonly queues = new Map<InputTopic, InputQueue>()
  readonly inputs: TaskInputs
  readonly onRoom = vi.fn()
  readonly #next = new Map<InputTopic, number>()

  constructor(mergeWaitMs = 60_000) {
    for (const topic of INPUT_TOPICS) {
      this.queues.set(topic, new InputQueue(topic, codecs[topic], 0, 1_000_000, () => this.inputs.changed()))
    }
    this.inputs = new TaskInputs({ queues: [...this.queues.values()], mergeWaitMs, onRoom: this.onRoom })
  }

  /** Records of these times come in, and so many more are known to be in the topic. */
  fetched(topic: InputTopic, times: readonly number[], unread = 0): this {
    const from = this.#next.get(topic) ?? 0
    const records = times.map((time, i) => recordOf(eventAt(topic, time), { offset: from + i }))
    return this.fetchedRecords(topic, records, unread)
  }

  fetchedRecords(topic: InputTopic, records: ConsumedRecord[], unread = 0): this {
    const position = (this.#next.get(topic) ?? 0) + records.length
    this.#next.set(topic, position)
    const end = position + unread
    this.queues
      .get(topic)!
      .push(sourceOf(...records), { position, lastStableOffset: end, highWatermark: end, logStartOffset: 0, bytes: 0 })
    return this
  }

  async take(limits: Partial<TakeLimits> = {}, signal = new AbortController().signal): Promise<string[]> {
    return shown(await this.inputs.take({ ...NO_LIMITS, ...limits }, signal))
  }
}

const shown = (batch: readonly TakenRecord[]): string[] => batch.map(({ topic, time }) => `${topic} ${time}`)

test('records come in the order of event time; those of one instant in the order of the topics', async () => {
  const times = fc.array(fc.nat(20), { maxLength: 12 }).map((each) => each.sort((a, b) => a - b))
  await fc.assert(
    fc.asyncProperty(fc.tuple(times, times, times, times, times), async (all) => {
      fc.pre(all.some((each) => each.length > 0))
      const inputs = new Inputs()
      INPUT_TOPICS.forEach((topic, i) => {
        inputs.fetched(topic, all[i]!)
      })
      const expected = INPUT_TOPICS.flatMap((topic, rank) => all[rank]!.map((time) => ({ topic, time, rank })))
        .sort((a, b) => a.time - b.time || a.rank - b.rank)
        .map(({ topic, time }) => `${topic} ${time}`)
      expect(await inputs.take()).toEqual(expected)
    }),
  )
})

test('within a topic the order of the log stands, also where event times go back', async () => {
  const anyTimes = fc.array(fc.nat(20), { maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(anyTimes, anyTimes, async (some, others) => {
      fc.pre(some.length + others.length > 0)
      const inputs = new Inputs().fetched('interactions', some).fetched('surveys', others)
      const taken = await inputs.take()
      for (const [topic, times] of [['interactions', some] as const, ['surveys', others] as const]) {
        expect(taken.filter((each) => each.startsWith(topic))).toEqual(times.map((time) => `${topic} ${time}`))
      }
      // Greedy: a record is taken only when no other topic's next one is older.
      let left = [some.slice(), others.slice()] as const
      for (const each of taken) {
        const mine = each.startsWith('interactions') ? 0 : 1
        const other = left[1 - mine]![0]
        if (other !== undefined) expect(left[mine]![0]!).toBeLessThanOrEqual(other)
        left = [left[0].slice(mine === 0 ? 1 : 0), left[1].slice(mine)]
      }
    }),
  )
})

test('a batch ends at the number of records and at the bytes, and the rest comes next', async () => {
  const inputs = new Inputs().fetched('interactions', [1, 2, 3]).fetched('surveys', [2])
  expect(await inputs.take({ maxRecords: 2 })).toEqual(['interactions 1', 'interactions 2'])
  expect(await inputs.take({ maxBytes: 1 })).toEqual(['surveys 2'])
  expect(await inputs.take()).toEqual(['interactions 3'])
  expect(inputs.onRoom).toHaveBeenCalledTimes(3)
  expect(inputs.queues.get('interactions')!.position).toBe(3)
  expect(inputs.queues.get('surveys')!.position).toBe(1)
  expect(inputs.queues.get('profiles')!.position).toBe(0)
})

describe('a topic that is known to hold more, but has nothing here', () => {
  test('is waited for: what it brings may be older', async () => {
    const inputs = new Inputs().fetched('interactions', [10]).fetched('profiles', [], 1)
    const taking = inputs.take()
    inputs.fetched('profiles', [5])
    expect(await taking).toEqual(['profiles 5', 'interactions 10'])
  })

  test('is not waited for when it turns out to hold nothing, only markers', async () => {
    const inputs = new Inputs().fetched('interactions', [10]).fetched('profiles', [], 1)
    const taking = inputs.take()
    const end = { position: 1, lastStableOffset: 1, highWatermark: 1, logStartOffset: 0, bytes: 0 }
    inputs.queues.get('profiles')!.push(sourceOf(), end)
    expect(await taking).toEqual(['interactions 10'])
  })

  test('ends a batch rather than be overtaken', async () => {
    const inputs = new Inputs().fetched('profiles', [1], 1).fetched('interactions', [2, 3])
    expect(await inputs.take()).toEqual(['profiles 1'])
    const taking = inputs.take()
    inputs.fetched('profiles', [2])
    expect(await taking).toEqual(['profiles 2', 'interactions 2', 'interactions 3'])
  })

  test('is given up for this batch when the wait is over: the others go on, whole batches at a time', async () => {
    const inputs = new Inputs(1).fetched('profiles', [], 1).fetched('interactions', [2, 3, 4])
    expect(await inputs.take()).toEqual(['interactions 2', 'interactions 3', 'interactions 4'])
  })

  test('is not waited for at all with a wait of nothing', async () => {
    const inputs = new Inputs(0).fetched('profiles', [], 1).fetched('interactions', [2, 3])
    expect(await inputs.take()).toEqual(['interactions 2', 'interactions 3'])
  })

  test('before its first answer, when the log is known to hold records, it is waited for as well', async () => {
    const inputs = new Inputs().fetched('interactions', [10])
    inputs.queues.get('profiles')!.expectUntil(1)
    const taking = inputs.take()
    inputs.fetched('profiles', [5])
    expect(await taking).toEqual(['profiles 5', 'interactions 10'])
  })
})

describe('waiting', () => {
  test('waits for the first record', async () => {
    const inputs = new Inputs()
    const taking = inputs.take()
    inputs.fetched('outcomes', [1])
    expect(await taking).toEqual(['outcomes 1'])
  })

  test('an abort ends the wait with its reason', async () => {
    const stop = new AbortController()
    const taking = new Inputs().take({}, stop.signal)
    stop.abort(new AppError('NOT_OWNER', 'let go'))
    await expect(taking).rejects.toThrow('let go')
  })

  test('an abort ends the wait for a topic that holds more', async () => {
    const stop = new AbortController()
    const inputs = new Inputs(Number.POSITIVE_INFINITY).fetched('interactions', [1]).fetched('profiles', [], 1)
    const taking = inputs.take({}, stop.signal)
    stop.abort(new AppError('NOT_OWNER', 'let go'))
    await expect(taking).rejects.toThrow('let go')
  })

  test('a topic that can not be read on ends it, also while nothing else comes', async () => {
    const inputs = new Inputs()
    const taking = inputs.take()
    inputs.queues.get('surveys')!.failed(new AppError('KAFKA_REFUSED', 'out of range'))
    await expect(taking).rejects.toThrow('out of range')
  })
})

test('a schema that is not known is loaded before its record is taken; records before it go first', async () => {
  const unknown = Buffer.from([0, 0, 0, 1, 0, 0])
  const inputs = new Inputs()
    .fetched('profiles', [1])
    .fetchedRecords('surveys', [consumed({ offset: 0, value: unknown, timestamp: 3 })])
  // Its event time isn't known before it is decoded, so nothing may be overtaken by it or overtake it.
  expect(await inputs.take()).toEqual(['profiles 1', 'surveys 3'])
})

test('what stands before a record whose schema can not be read is taken first', async () => {
  const source = { schemaById: () => Promise.reject(new AppError('SCHEMA_INCOMPATIBLE', 'not ours')) }
  const codec = new AvroCodec<InputEvent['event']>(TOPICS.surveys.schema!, source).useId(1)
  await codec.load(9)
  const queue = new InputQueue('surveys', codec, 0, 1_000_000, () => {})
  const inputs = new TaskInputs({ queues: [queue], mergeWaitMs: 0, onRoom: () => {} })
  const { value } = recordOf(eventAt('surveys', 1))
  value!.writeInt32BE(1, 1)
  const records = [consumed({ offset: 0, value }), consumed({ offset: 1, value: Buffer.from([0, 0, 0, 0, 9, 0]) })]
  queue.push(sourceOf(...records), { position: 2, lastStableOffset: 2, highWatermark: 2, logStartOffset: 0, bytes: 0 })
  const { signal } = new AbortController()
  expect(shown(await inputs.take(NO_LIMITS, signal))).toEqual(['surveys 1'])
  await expect(inputs.take(NO_LIMITS, signal)).rejects.toMatchObject({
    code: 'SCHEMA_INCOMPATIBLE',
    details: { topic: 'surveys', offset: 1 },
  })
  expect(queue.position).toBe(1)
})
