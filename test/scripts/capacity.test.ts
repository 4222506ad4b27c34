import { expect, test } from 'vitest'
import { at, capacityFor, coresLine, kafkaBytes, type Measured, redisLine } from '../../scripts/pages/capacity.ts'

const measured: Measured = {
  rates: [
    { ratePerSecond: 2_000, workerCores: 0.1, redisCores: 0.02, brokerCores: 0.08 },
    { ratePerSecond: 10_000, workerCores: 0.3, redisCores: 0.1, brokerCores: 0.2 },
  ],
  stores: [
    { knownCustomers: 1_000_000, redisMib: 1_010 },
    { knownCustomers: 10_000, redisMib: 20 },
    { knownCustomers: 100_000, redisMib: 115 },
  ],
  logBytesPerEvent: { interactions: 70, customers: 500, 'score-changes': 10, __transaction_state: 3 },
}

test('lines go through the outermost points that were measured', () => {
  const cores = coresLine(measured, 2_000, 10_000)!
  expect(at(cores, 2_000)).toBeCloseTo(0.2, 12)
  expect(at(cores, 5_000)).toBeCloseTo(0.35, 12)
  const redis = redisLine(measured)!
  expect(at(redis, 10_000)).toBeCloseTo(20, 9)
  expect(at(redis, 2_010_000)).toBeCloseTo(2_020, 9)
  expect(coresLine(measured, 2_000, 5_000)).toBeNull()
})

test('disk holds the days that are kept, a month of them at most, and of customers six hours and one record each', () => {
  const demand = { eventsPerSecond: 10, customers: 1_000, days: 7 }
  const daily = 10 * 86_400
  expect(kafkaBytes(measured.logBytesPerEvent, demand)).toBe(7 * daily * 80 + 500 * (10 * 6 * 3_600 + 1_000))
  expect(kafkaBytes({ interactions: 1 }, { ...demand, days: 365 })).toBe(30 * daily)
})

test('a demand takes its share of each', () => {
  const [cores, redis] = [coresLine(measured, 2_000, 10_000)!, redisLine(measured)!]
  const needed = capacityFor(cores, redis, measured, { eventsPerSecond: 20_000, customers: 2_010_000, days: 1 })
  expect(needed.cores).toBeCloseTo(1.1, 9)
  expect(needed.redisMib).toBeCloseTo(2_020, 6)
  expect(needed.kafkaGib).toBeCloseTo((20_000 * 86_400 * 80 + 500 * (20_000 * 21_600 + 2_010_000)) / 2 ** 30, 6)
})
