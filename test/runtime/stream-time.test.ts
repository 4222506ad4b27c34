import { expect, test } from 'vitest'
import { StreamTimes } from '../../runtime/stream-time.ts'
import { NEVER } from '../../schemas/customer-state.ts'

test('the stream time of a tenant is its newest event time, whatever order events come in', () => {
  const times = new StreamTimes()
  expect(times.of('acme')).toBe(NEVER)
  for (const at of [20, 50, 30]) times.observe('acme', at)
  times.observe('globex', 10)
  expect([times.of('acme'), times.of('globex')]).toEqual([50, 10])
})

test('only what moved is to be written, and only once', () => {
  const times = new StreamTimes()
  times.restore(new Map([['acme', 40]]))
  expect(times.takeMoved()).toEqual(new Map())
  times.observe('acme', 30)
  times.observe('globex', 10)
  expect(times.takeMoved()).toEqual(new Map([['globex', 10]]))
  expect(times.takeMoved()).toEqual(new Map())
  expect(times.all).toEqual(
    new Map([
      ['acme', 40],
      ['globex', 10],
    ]),
  )
})
