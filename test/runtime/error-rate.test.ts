import { expect, test } from 'vitest'
import { ErrorRate } from '../../runtime/error-rate.ts'

const bug = new Error('a bug of ours')

test('a fifth of the last thousand events may fail', () => {
  const rate = new ErrorRate()
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 200; i++) rate.failed(bug)
    for (let i = 0; i < 800; i++) rate.passed()
  }
})

test('one failure more is an alarm that says how many and why', () => {
  const rate = new ErrorRate()
  for (let i = 0; i < 200; i++) rate.failed(bug)
  for (let i = 0; i < 799; i++) rate.passed()
  expect(() => rate.failed(bug)).toThrow(
    expect.objectContaining({
      code: 'INTERNAL',
      message: '201 of the last 1000 events failed: a bug of ours',
      cause: bug,
    }),
  )
})

test('failures are forgotten a thousand events later', () => {
  const rate = new ErrorRate()
  for (let i = 0; i < 200; i++) rate.failed(bug)
  for (let i = 0; i < 1_000; i++) rate.passed()
  for (let i = 0; i < 200; i++) rate.failed(bug)
  expect(() => rate.failed(bug)).toThrow(/201 of the last 1000/)
})
