import { beforeEach, expect, test } from 'vitest'
import { AppError } from '../../schemas/errors.ts'
import { ClvSchedule } from '../../trainer/clv-schedule.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const signal = new AbortController().signal

let now: number
let customers: number
let fits: number
let failure: Error | null
let schedule: ClvSchedule
const said: string[] = []

beforeEach(() => {
  now = 1_000 * DAY
  customers = 0
  fits = 0
  failure = null
  schedule = new ClvSchedule(
    {
      populations: () => (customers === 0 ? [] : [['shop', customers]]),
      fitModels: async () => {
        fits++
        if (failure !== null) throw failure
        return new Map()
      },
      now: () => now,
      log: (message) => said.push(message),
    },
    DAY,
  )
})

async function fitsAfter(ms: number): Promise<number> {
  now += ms
  const before = fits
  await schedule.tick(signal)
  return fits - before
}

test('fits at the start and whenever the time has passed', async () => {
  expect([await fitsAfter(0), await fitsAfter(DAY - 1), await fitsAfter(1), await fitsAfter(HOUR)]).toEqual([
    1, 0, 1, 0,
  ])
})

test('fits sooner for a tenant who became a quarter larger, but not at every look', async () => {
  await fitsAfter(0)
  customers = 99
  expect(await fitsAfter(HOUR)).toBe(0)
  customers = 100
  expect([await fitsAfter(0), await fitsAfter(HOUR)]).toEqual([1, 0])
  customers = 124
  expect(await fitsAfter(HOUR)).toBe(0)
  customers = 125
  expect([await fitsAfter(0), await fitsAfter(0)]).toEqual([1, 0])
  customers = 1_000
  expect([await fitsAfter(HOUR - 1), await fitsAfter(1)]).toEqual([0, 1])
})

test('tries again at once after a server was away, and waits after what no second try mends', async () => {
  failure = new AppError('KAFKA_UNAVAILABLE', 'away', { retryable: true })
  await expect(fitsAfter(0)).rejects.toThrow('away')
  failure = new AppError('STATE_UNREADABLE', 'of a later release')
  expect([await fitsAfter(0), await fitsAfter(HOUR), await fitsAfter(DAY)]).toEqual([1, 0, 1])
  expect(said.at(-1)).toContain('of a later release')
})
