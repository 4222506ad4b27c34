import { expect, test, vi } from 'vitest'
import type { FetchProgress } from '../../connectors/kafka/fetcher.ts'
import { InputQueue } from '../../runtime/input-queue.ts'
import type { TakenRecord } from '../../runtime/taken-record.ts'
import { SchemaNeeded } from '../../schemas/codec.ts'
import { AppError } from '../../schemas/errors.ts'
import { consumed, inputCodecs, interaction, recordOf, sourceOf } from './build-records.ts'

const codecs = inputCodecs()

function queueAt(position: number, maxBytes = 1_000_000): InputQueue {
  return new InputQueue('interactions', codecs.interactions, position, maxBytes, () => {})
}

/** An answer that leaves the fetcher at a position of a topic that ends elsewhere. */
function progress(position: number, lastStableOffset: number): FetchProgress {
  return { position, lastStableOffset, highWatermark: lastStableOffset, logStartOffset: 0, bytes: 0 }
}

test('a record is the same until it is taken, and the position follows what was taken', () => {
  const queue = queueAt(10)
  queue.push(
    sourceOf(recordOf(interaction(), { offset: 10 }), recordOf(interaction(), { offset: 14 })),
    progress(15, 15),
  )
  expect(queue.position).toBe(10)
  const first = queue.peek()
  expect(queue.peek()).toBe(first)
  expect(first).toMatchObject({ topic: 'interactions', time: 1_700_000_000_000 })
  queue.take()
  expect(queue.position).toBe(11)
  expect(queue.peek()).toMatchObject({ record: { offset: 14 } })
  queue.take()
  expect([queue.position, queue.isEmpty, queue.peek()]).toEqual([15, true, null])
})

test('the position moves past control and aborted records, which bring none', () => {
  const queue = queueAt(10)
  queue.push(sourceOf(), progress(13, 20))
  expect([queue.position, queue.hasUnread, queue.end]).toEqual([13, true, 20])
  queue.push(sourceOf(), progress(20, 20))
  expect([queue.position, queue.hasUnread]).toEqual([20, false])
})

test('the position never moves back', () => {
  const queue = queueAt(10)
  queue.push(sourceOf(), progress(13, 20))
  queue.push(sourceOf(recordOf(interaction(), { offset: 15 })), progress(16, 20))
  expect(queue.position).toBe(13)
})

test('wants no more while it holds too many bytes, and again when they were taken', () => {
  const queue = queueAt(0, 2_000)
  expect(queue.wantsMore()).toBe(true)
  const large = interaction({ properties: { text: 'x'.repeat(3_000) } })
  queue.push(sourceOf(recordOf(large, { offset: 0 }), recordOf(interaction(), { offset: 1 })), progress(2, 2))
  expect(queue.wantsMore()).toBe(false)
  queue.peek()
  queue.take()
  expect(queue.wantsMore()).toBe(true)
})

test('records are given back in their order through many pushes and takes', () => {
  const queue = queueAt(0)
  let pushed = 0
  let taken = 0
  while (taken < 20_000) {
    const more = Array.from({ length: 3_000 }, () => consumed({ offset: pushed++, value: Buffer.from([1]) }))
    queue.push(sourceOf(...more), progress(pushed, pushed))
    for (let i = 0; i < 2_500; i++) {
      expect(queue.peek()).toMatchObject({ record: { offset: taken } })
      queue.take()
      taken++
    }
  }
  expect(queue.position).toBe(taken)
})

test('tells its task of every answer', () => {
  const changed = vi.fn()
  const queue = new InputQueue('interactions', codecs.interactions, 0, 1_000, changed)
  queue.push(sourceOf(), progress(0, 0))
  queue.failed(new AppError('KAFKA_REFUSED', 'gone'))
  expect(changed).toHaveBeenCalledTimes(2)
})

test('a partition that can not be read on says so after its last record', () => {
  const queue = queueAt(0)
  queue.push(sourceOf(recordOf(interaction(), { offset: 0 })), progress(1, 5))
  queue.failed(new AppError('KAFKA_REFUSED', 'the offset is out of range'))
  expect(queue.peek()).toMatchObject({ record: { offset: 0 } })
  queue.take()
  expect(() => queue.peek()).toThrow('the offset is out of range')
})

test('bytes that can not be read have the time of their append, and fail who reads them', () => {
  const queue = queueAt(0)
  queue.push(sourceOf(consumed({ value: Buffer.from('nonsense'), timestamp: 77 })), progress(1, 1))
  const head = queue.peek() as TakenRecord
  expect(head.time).toBe(77)
  expect(() => head.read()).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }))
})

test('a null value and a null key are records like others', () => {
  const queue = queueAt(0)
  queue.push(sourceOf(consumed({ key: null, value: null, timestamp: 5 })), progress(1, 1))
  const head = queue.peek() as TakenRecord
  expect([head.time, head.record.keyText(), head.read()]).toEqual([5, '', null])
})

test('a record of an unknown schema waits until the schema was loaded', async () => {
  const queue = queueAt(0)
  const value = Buffer.from([0, 0, 0, 1, 0, 0])
  queue.push(sourceOf(consumed({ value })), progress(1, 1))
  expect(queue.peek()).toEqual(new SchemaNeeded(256))
  await queue.loadSchema(256)
  const head = queue.peek() as TakenRecord
  expect(() => head.read()).toThrow(expect.objectContaining({ code: 'SCHEMA_UNKNOWN' }))
})
